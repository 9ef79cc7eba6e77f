import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Prediction } from '../model-serving/model-card.ts';
import type { ModelPool } from '../model-serving/model-pool.ts';
import { ModelProblem } from '../model-serving/model-problem.ts';
import type { Stage } from './change-trials.ts';
import { isInCanary, keyOf } from './choose-arm.ts';
import type { Exposure, TrialLog } from './trial-log.ts';
import type { TrialPauses } from './trial-pauses.ts';

/** Asks one version: the `predict` of its pool, or what you wrap around it. */
export type AskVersion = ModelPool['predict'];

/** A user's request for a prediction. */
export type TrialRequest = {
  user: string;
  body: unknown;
  signal: AbortSignal;
};

/** A prediction; with an id, under which its truth may be told, while a trial runs. */
export type TrialPrediction = Prediction & { id?: string };

type AskVersionsOptions = {
  model: string;
  findVersion: (version: string) => AskVersion | undefined;
  trialLog: Pick<TrialLog, 'add'>;
  pauses: TrialPauses;
  log: { warn: (message: string, details: object) => void };
  /** How long a candidate may take. */
  limitMs: number;
};

type Result = PromiseSettledResult<Prediction>;
type Versions = Record<'live' | 'candidate', () => Promise<Result>>;

/** Answers users while a candidate is on trial. */
export function createAskVersions(options: AskVersionsOptions) {
  const { model, findVersion, trialLog, pauses, log } = options;
  const { limitMs } = options;

  // #region predict
  /** No failure of a candidate rejects this. */
  async function predict(
    { live: name, trial }: Stage,
    { user, body, signal }: TrialRequest,
  ): Promise<TrialPrediction> {
    const live = findVersion(name);
    const missing = 'This server does not serve the live version';
    if (!live) throw new ModelProblem(503, 'version_missing', missing);
    const candidate = trial && findVersion(trial.candidate);
    // Without the candidate here, no user counts, in either arm.
    if (!candidate) return live(body, signal);
    const visit = startVisit(trial, user);
    const versions = {
      live: () => settle(live(body, signal)),
      // In a time of its own: a client that leaves says nothing of it.
      candidate: () =>
        settle(candidate(body, AbortSignal.timeout(limitMs))),
    };
    const ask = visit.arm === 'canary' ? askCanary : askLive;
    return { id: visit.id, ...(await ask(visit, versions)) };
  }

  /** What the canary does not answer soon, the live version does. */
  async function askCanary(visit: Exposure, versions: Versions) {
    const own = versions.candidate();
    const patience = pause(limitMs / 2, undefined, { ref: false });
    const soon = await Promise.race([own, patience]);
    const result =
      soon?.status === 'fulfilled' ? soon : await versions.live();
    // What both refuse says nothing of the canary.
    if (result.status === 'fulfilled')
      void own.then((said) => note(visit, said));
    else noteOwn(visit, result);
    return unwrap(result);
  }
  // #endregion predict

  async function askLive(visit: Exposure, versions: Versions) {
    const result = await versions.live();
    // The user has the answer: for a shadow, no user waits.
    if (visit.arm === 'shadow' && result.status === 'fulfilled') {
      const met = { ...visit, shown: result.value.label };
      void versions.candidate().then((said) => note(met, said));
    } else noteOwn({ ...visit, arm: 'live' }, result);
    return unwrap(result);
  }

  function startVisit(
    { id: trial, share }: NonNullable<Stage['trial']>,
    user: string,
  ): Exposure {
    const phase = share > 0 ? 'canary' : 'shadow';
    const key = keyOf(`${model} ${trial} ${phase}`, user);
    const arm = share > 0 && !isInCanary(key, share) ? 'live' : phase;
    return {
      id: randomUUID(),
      place: pauses.arrive(),
      trial,
      key,
      arm,
      share,
      label: null,
      failed: false,
    };
  }

  /** An input that the live version refuses says nothing of any. */
  function noteOwn(met: Exposure, result: Result): void {
    if (isRejected(result) && isNamed(result.reason, 'ZodError'))
      pauses.leave(met.place);
    else note(met, result);
  }

  // #region note
  /** What an answer, or a failure, says of the version of the arm. */
  function note(met: Exposure, result: Result): void {
    pauses.leave(met.place);
    if (isRejected(result)) noteFailure(met, result.reason);
    else trialLog.add({ ...met, label: result.value.label });
  }

  function noteFailure(met: Exposure, error: unknown): void {
    const { arm, place } = met;
    const isRefusal = error instanceof ModelProblem;
    // The client has left: a user, and no truth that is told.
    if (isNamed(error, 'AbortError'))
      trialLog.add({ ...met, label: '' });
    else if (isRefusal && error.status === 503) pauses.disturb(place);
    // An input without an answer is one failure of one user.
    else if (isRefusal || isNamed(error, 'ZodError')) addFailure(met);
    // A hang fails all who wait: the first counts, the others pause.
    else if (pauses.fail(place)) {
      log.warn('a version failed', { arm, error });
      addFailure({ ...met, place: 0 }); // counts in spite of the pause
    }
  }

  function addFailure(met: Exposure): void {
    trialLog.add(met);
    trialLog.add({ ...met, failed: true });
  }
  // #endregion note

  return { predict };
}

async function settle(asked: Promise<Prediction>): Promise<Result> {
  const [result] = await Promise.allSettled([asked]);
  return result;
}

function unwrap(result: Result): Prediction {
  if (isRejected(result)) throw result.reason;
  return result.value;
}

const isRejected = (result: Result): result is PromiseRejectedResult =>
  result.status === 'rejected';

const isNamed = (error: unknown, name: string) =>
  error instanceof Error && error.name === name;
