import { randomUUID } from 'node:crypto';
import { chooseArm } from './choose-arm.ts';
import { ConflictError } from './conflict-error.ts';
import type { Stage } from './model-stages.ts';
import type { RunningModel } from './model-thread.ts';
import type { ServedVersions } from './served-versions.ts';
import type { TrialLog } from './trial-log.ts';
import { UnavailableError } from './unavailable-error.ts';

/** An answer, and the id under which its truth may be told. */
export type Answer = { id: string; label: string; version: string };

type ModelTrialsOptions = {
  model: string;
  versions: Pick<ServedVersions, 'current'>;
  trialLog: Pick<TrialLog, 'addPrediction' | 'addShadow'>;
  log: { warn: (message: string, details: object) => void };
  /** More shadows than this at once are left out. */
  mostShadows?: number;
};

/** Answers users while a candidate is on trial. */
export function createModelTrials(options: ModelTrialsOptions) {
  const { model, versions, trialLog, log, mostShadows = 8 } = options;
  let shadows = 0;

  // #region predict
  async function predict(user: string, row: number[]): Promise<Answer> {
    const id = randomUUID();
    const { stage, live, candidate } = versions.current();
    if (row.length !== live.width) throw new WrongWidth(live.width);
    const met = candidate && meet(stage, user);
    const asked = candidate && met?.arm === 'canary' ? candidate : live;
    const own = await ask(asked, row);
    // What a canary cannot answer, the live version does.
    const helper =
      own === null && asked !== live ? versions.current().live : null;
    const label = helper ? await ask(helper, row) : own;
    const { version } = asked;
    const failed = own === null; // it counts, whoever helped
    trialLog.addPrediction({ id, version, label, failed, ...met });
    if (label === null) throw new UnavailableError('no_answer');
    if (candidate && stage.stage === 'shadow')
      void shadow(candidate, { id, trial: stage.trial, row });
    return { id, label, version: (helper ?? asked).version };
  }
  // #endregion predict

  function meet(stage: Stage, user: string) {
    if (stage.stage !== 'canary') return undefined;
    const { trial, share } = stage;
    const arm = chooseArm({ model, trial, share }, user);
    return { trial, user, arm, share };
  }

  // #region shadow
  /** The answer is out: whatever happens here, nobody waits for it. */
  async function shadow(candidate: RunningModel, asked: Asked) {
    const { id, trial, row } = asked;
    if (shadows >= mostShadows) return; // a slow one piles nothing up
    shadows++;
    const label = await ask(candidate, row);
    shadows--;
    trialLog.addShadow({ id, trial, label });
  }

  async function ask(
    { version, predict }: RunningModel,
    row: number[],
  ) {
    try {
      return await predict(row);
    } catch (error) {
      log.warn('no answer', { version, error });
      return null;
    }
  }
  // #endregion shadow

  return { predict };
}

/** What answers the users of one model. */
export type ModelTrials = ReturnType<typeof createModelTrials>;

/** No fault of a version: it counts for nobody. */
class WrongWidth extends ConflictError {
  constructor(width: number) {
    super('wrong_width', `Send ${width} numbers`, 400);
  }
}

type Asked = { id: string; trial: number; row: number[] };
