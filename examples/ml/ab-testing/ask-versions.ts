import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Prediction } from '../model-serving/model-card.ts';
import type { ModelPool } from '../model-serving/model-pool.ts';
import { PredictionError } from '../model-serving/prediction-error.ts';
import type { Stage } from './change-trials.ts';
import { isInCanary, keyOf } from './choose-arm.ts';
import { TrialError } from './trial-error.ts';
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

type Met = Omit<Exposure, 'label' | 'failed'>;
type Trial = NonNullable<Stage['trial']>;
type Visit = Pick<Exposure, 'id' | 'trial' | 'key' | 'share' | 'place'>;
type Result = { prediction: Prediction } | { error: unknown };
type Asked = TrialRequest & { live: AskVersion; candidate: AskVersion };

/** Answers users while a candidate is on trial. */
export function createAskVersions(options: AskVersionsOptions) {
  const { model, findVersion, trialLog, pauses, log, limitMs } =
    options;

  // #region predict
  /** No failure of a candidate rejects this. */
  async function predict(
    { live: name, trial }: Stage,
    request: TrialRequest,
  ): Promise<TrialPrediction> {
    const live = findVersion(name);
    if (!live) throw new TrialError('version_missing', 503);
    const candidate = trial && findVersion(trial.candidate);
    // Without the candidate here, no user counts, in either arm.
    if (!trial || !candidate)
      return await live(request.body, request.signal);
    const visit = startVisit(trial, request.user);
    const ask = isInCanary(visit.key, trial.share)
      ? askCanary
      : askLive;
    const asked = { ...request, live, candidate };
    return { id: visit.id, ...(await ask(visit, asked)) };
  }

  /** What the canary does not answer soon, the live version does. */
  async function askCanary(visit: Visit, asked: Asked) {
    const met = { ...visit, arm: 'canary' } as const;
    const own = askCandidate(asked);
    const patience = pause(limitMs / 2, NO_ANSWER, { ref: false });
    const soon = await Promise.race([own, patience]);
    const result =
      'prediction' in soon ? soon : await askLiveVersion(asked);
    // What both refuse says nothing of the canary.
    if ('prediction' in result)
      void own.then((said) => note(met, said));
    else noteOwn(met, result);
    return unwrap(result);
  }
  // #endregion predict

  async function askLive(visit: Visit, asked: Asked) {
    const result = await askLiveVersion(asked);
    const isShadowed = visit.share === 0 && 'prediction' in result;
    if (isShadowed) void askShadow(visit, asked, result.prediction);
    else noteOwn({ ...visit, arm: 'live' }, result);
    return unwrap(result);
  }
  /** The user has the answer: whatever happens here, no user waits. */
  async function askShadow(
    visit: Visit,
    asked: Asked,
    { label: shown }: Prediction,
  ) {
    const result = await askCandidate(asked);
    note({ ...visit, arm: 'shadow', shown }, result);
  }

  const askLiveVersion = ({ live, body, signal }: Asked) =>
    settle(live, body, signal);

  /** In a time of its own: a client that leaves says nothing of it. */
  const askCandidate = ({ candidate, body }: Asked) =>
    settle(candidate, body, AbortSignal.timeout(limitMs));

  function startVisit(
    { id: trial, share }: Trial,
    user: string,
  ): Visit {
    const phase = share > 0 ? 'canary' : 'shadow';
    const key = keyOf(`${model} ${trial} ${phase}`, user);
    const place = pauses.arrive();
    return { id: randomUUID(), trial, key, share, place };
  }

  /** An input that the live version refuses says nothing of any. */
  function noteOwn(met: Met, result: Result): void {
    if (isOfTheInput(result)) pauses.leave(met.place);
    else note(met, result);
  }

  // #region note
  /** What an answer, or a failure, says of the version of the arm. */
  function note(exposure: Met, result: Result): void {
    const met = { ...exposure, label: null, failed: false };
    pauses.leave(met.place);
    if ('error' in result) noteFailure(met, result.error);
    else trialLog.add({ ...met, label: result.prediction.label });
  }

  function noteFailure(met: Exposure, error: unknown): void {
    const { arm, place } = met;
    const isRefusal = error instanceof PredictionError;
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

const NO_ANSWER = { error: undefined };

async function settle(
  ask: AskVersion,
  body: unknown,
  signal: AbortSignal,
): Promise<Result> {
  try {
    return { prediction: await ask(body, signal) };
  } catch (error) {
    return { error };
  }
}

function unwrap(result: Result): Prediction {
  if ('error' in result) throw result.error;
  return result.prediction;
}

const isOfTheInput = (result: Result) =>
  'error' in result && isNamed(result.error, 'ZodError');

const isNamed = (error: unknown, name: string) =>
  error instanceof Error && error.name === name;
