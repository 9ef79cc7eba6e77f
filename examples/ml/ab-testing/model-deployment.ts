import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import { ConflictError } from './conflict-error.ts';
import { countShadow } from './count-trial.ts';
import type { ModelVersion } from './model-card.ts';
import { createModelRegistry } from './model-registry.ts';
import { type Change, createModelStages } from './model-stages.ts';
import { type RunningModel, startModelThread } from './model-thread.ts';
import { createModelTrials } from './model-trials.ts';
import { createServedVersions } from './served-versions.ts';
import { createTrialJudge } from './trial-judge.ts';
import { createTrialLog } from './trial-log.ts';

/** What a model needs to be served and replaced. */
export type ModelDeploymentOptions = {
  pool: Pool;
  model: string;
  log: Record<
    'info' | 'warn' | 'error',
    (message: string, details: object) => void
  >;
  /** How long it takes at most until this server follows a change. */
  followMilliseconds?: number;
  start?: (version: ModelVersion) => Promise<RunningModel>;
};

/** One model on one server, with all that a new version of it passes through. */
export async function startModelDeployment(
  options: ModelDeploymentOptions,
) {
  const { pool, model, log, followMilliseconds = 1000 } = options;
  const { start = (version) => startModelThread(version) } = options;
  const registry = createModelRegistry({ pool, model });
  const stages = createModelStages({ pool, model });
  const { load } = registry;
  const versions = createServedVersions({ stages, load, start, log });
  const trialLog = createTrialLog({ pool, model, log });
  const judge = createTrialJudge({ pool, model, stages, log });
  const services = { model, versions, trialLog, log };
  const { predict } = createModelTrials(services);

  /** A wrong answer is evidence: it is looked at now. */
  async function tellTruth(id: string, truth: string): Promise<void> {
    const isError = await trialLog.tellTruth(id, truth);
    if (isError) await judgeAndFollow();
  }

  async function judgeAndFollow() {
    await judge.judge();
    await versions.follow();
  }

  /** A version that cannot be read, or is not proven, goes nowhere. */
  async function change(change: Change) {
    const { command } = change;
    if ('version' in command && command.version)
      await registry.load(command.version);
    const now = await stages.current();
    if (command.to === 'live' && now?.stage === 'canary') {
      const { verdict } = await judge.look(now.trial);
      if (verdict !== 'proven')
        throw new ConflictError('not_proven', `It is ${verdict} yet`);
    }
    const stage = await stages.change(change);
    await versions.follow();
    return stage;
  }

  /** What is known of the trial that runs, or of none. */
  async function look() {
    const now = await stages.current();
    if (!now?.trial) return { stage: now };
    await trialLog.flush();
    const shadow = await countShadow(pool, model, now.trial);
    return { stage: now, shadow, ...(await judge.look(now.trial)) };
  }

  const stopping = new AbortController();
  /** Failures and lost users are no outcomes: they are looked for. */
  async function keepFollowing() {
    while (!stopping.signal.aborted) {
      await trialLog.flush();
      await judgeAndFollow().catch((error: unknown) =>
        log.error('not judged', { error }),
      );
      await pause(followMilliseconds, undefined, stopping).catch(
        () => {},
      );
    }
  }
  await versions.follow();
  const ended = keepFollowing();

  async function stop() {
    stopping.abort();
    await ended;
    await trialLog.flush();
    await versions.stop();
  }

  return {
    ...{ predict, tellTruth, change, look, stop },
    register: registry.register,
    listStages: () => stages.list(),
    /** What is written now, judged and followed. */
    settle: async () => {
      await trialLog.flush();
      await judgeAndFollow();
    },
  };
}

/** A model on this server. */
export type ModelDeployment = Awaited<
  ReturnType<typeof startModelDeployment>
>;
