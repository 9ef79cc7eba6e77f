import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { z } from 'zod';
import { ModelProblem } from '../model-serving/model-problem.ts';
import {
  type AskVersion,
  createAskVersions,
  type TrialRequest,
} from './ask-versions.ts';
import { type Change, createChangeTrials } from './change-trials.ts';
import { countTrial } from './count-trial.ts';
import { judgeTrial, trialRules } from './judge-trial.ts';
import { createTrialLog } from './trial-log.ts';
import { createTrialPauses } from './trial-pauses.ts';

/** What the trials of one model need. */
export type ModelTrialsOptions = {
  pool: Pool;
  model: string;
  /** What is live while no trial is promoted. */
  first: string;
  /** How this server asks a version; undefined when it does not serve it. */
  findVersion: (version: string) => AskVersion | undefined;
  rules: z.input<typeof trialRules>;
  log: Record<
    'warn' | 'error',
    (message: string, details: object) => void
  >;
  /** How long an answer of a candidate may take. Default: 500 */
  limitMs?: number;
  /** How long it takes at most until this server follows a change. Default: 1000 */
  followMs?: number;
  /** How long a trial pauses after an overload or a hang; longer than any answer takes. Default: 5000, or twice `limitMs` */
  calmMs?: number;
  /** A clock that is never set back. */
  now?: () => number;
};

/** The trials of one model on one server. */
export type ModelTrials = Awaited<ReturnType<typeof startModelTrials>>;

/** Starts to follow the stages of a model; rejects when the database does not answer. */
export async function startModelTrials(options: ModelTrialsOptions) {
  const { pool, model, first, findVersion, log } = options;
  const rules = trialRules.parse(options.rules);
  const { limitMs = 500, followMs = 1000 } = options;
  const { calmMs = Math.max(5000, 2 * limitMs) } = options;
  const { now = () => performance.now() } = options;
  const isServed = (version: string) => Boolean(findVersion(version));
  const stages = createChangeTrials({ pool, model, first, isServed });
  const pauses = createTrialPauses(calmMs, now);
  const trialLog = createTrialLog({ pool, pauses, log });
  const { predict } = createAskVersions({
    model,
    findVersion,
    trialLog,
    pauses,
    log,
    limitMs,
  });
  let stage = await stages.read();
  let countedMs = 0;
  let followed = Promise.resolve();
  const stopping = new AbortController();

  // #region follow
  /** Writes what happened here, follows what others changed, and judges; one at a time. */
  function follow(): Promise<void> {
    followed = followed.then(async () => {
      await trialLog.flush();
      stage = await stages.read();
      if (stage.trial?.share) await judge(stage.trial.id);
    });
    // Without the database, this server goes on with what it knows.
    followed = followed.catch((error: unknown) => {
      // Another server has ended the trial: the next look sees how.
      if (!(error instanceof ModelProblem))
        log.error('trial not followed', { error });
    });
    return followed;
  }

  /** Any server may judge at any time: of all, one ends the trial. */
  async function judge(trial: number) {
    const began = performance.now();
    const count = await countTrial(pool, trial, stopping.signal);
    countedMs = performance.now() - began;
    const verdict = judgeTrial(count, rules);
    if (verdict === 'open' || verdict === 'proven') return;
    const reason = `${verdict}: ${JSON.stringify(count)}`;
    const command = { to: 'rollback', trial } as const;
    const change = { command, changedBy: 'judge', reason };
    stage = await stages.change(change);
    log.warn('rolled back', { trial, verdict, count });
  }
  // #endregion follow

  /** Only a proven canary becomes live, and only a version that this server has. */
  async function change(wanted: Change) {
    const { command } = wanted;
    if (command.to === 'live') {
      const { trial, verdict } = await look();
      if (trial?.id !== command.trial || verdict !== 'proven')
        throw new ModelProblem(
          409,
          'not_proven',
          'The canary is not proven',
        );
    }
    stage = await stages.change(wanted);
    return stage;
  }

  /** What runs, and what is known of its trial. */
  async function look() {
    const { live, trial } = await stages.read();
    if (!trial) return { live, trial, verdict: undefined };
    const count = await countTrial(pool, trial.id);
    return { live, trial, verdict: judgeTrial(count, rules), ...count };
  }

  async function keepFollowing() {
    const { signal } = stopping;
    while (!signal.aborted) {
      await follow();
      // Counting takes a twentieth of the time at most.
      const pauseMs = Math.max(followMs, 20 * countedMs);
      const jitter = 0.8 + 0.4 * Math.random();
      await pause(pauseMs * jitter, null, { signal }).catch(() => {});
    }
  }
  const ended = keepFollowing();

  /** Writes what is left; call it when the last request is answered. */
  async function stop() {
    stopping.abort();
    await ended;
    await trialLog.flush();
  }

  return {
    predict: (request: TrialRequest) => predict(stage, request),
    tellTruth: trialLog.tellTruth,
    deleteOld: trialLog.deleteOld,
    change,
    look,
    follow,
    stop,
  };
}
