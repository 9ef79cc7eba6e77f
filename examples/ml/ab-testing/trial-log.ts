import type { Pool } from 'pg';
import type { Arm } from './choose-arm.ts';
import { ConflictError } from './conflict-error.ts';

/** A prediction as it is remembered. */
export type Prediction = {
  id: string;
  version: string;
  /** What the user was told; null when nobody could answer. */
  label: string | null;
  failed: boolean;
} & Partial<Meeting>;

/** Who met which arm of a canary, at which share. */
export type Meeting = {
  trial: number;
  user: string;
  arm: Arm;
  share: number;
};

/** What the candidate says in the shadow; null when it failed. */
export type ShadowAnswer = {
  id: string;
  trial: number;
  label: string | null;
};

type TrialLogOptions = {
  pool: Pool;
  model: string;
  log: { error: (message: string, details: object) => void };
  milliseconds?: number;
};

/** Remembers predictions in batches, and what turned out to be true. */
export function createTrialLog(options: TrialLogOptions) {
  const { pool, model, log, milliseconds = 100 } = options;
  let [predictions, shadows]: [Prediction[], ShadowAnswer[]] = [[], []];
  let written = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  function addPrediction(prediction: Prediction) {
    predictions.push(prediction);
    timer ??= setTimeout(flush, milliseconds);
  }

  function addShadow(answer: ShadowAnswer) {
    shadows.push(answer);
    timer ??= setTimeout(flush, milliseconds);
  }

  /** Writes what is there, after what was there before. */
  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    written = written.then(write);
    return written;
  }

  async function write() {
    if (predictions.length + shadows.length === 0) return;
    const batch = [predictions, shadows].map((rows) =>
      JSON.stringify(rows),
    );
    const count = predictions.length;
    [predictions, shadows] = [[], []];
    try {
      await insert(batch);
    } catch (error) {
      // Both arms lose alike: a trial without memory waits, unharmed.
      log.error('predictions are not remembered', { count, error });
    }
  }

  /** Of the predictions for a user in a trial, the first counts. */
  async function insert(batch: string[]) {
    await pool.query(
      `with made as (
         select *
         from jsonb_to_recordset($2) as made (
           id uuid, version text, label text, failed boolean,
           trial bigint, "user" text, arm text, share float8)
       ), prediction as (
         insert into predictions (id, model, version, label, failed)
         select id, $1, version, label, failed from made
       ), shadow as (
         insert into shadow_answers (prediction_id, model, trial, label)
         select id, $1, trial, label
         from jsonb_to_recordset($3) as shadow (
           id uuid, trial bigint, label text)
       )
       insert into trial_users
         (model, trial, user_id, arm, share, prediction_id)
       select $1, trial, "user", arm, share, id
       from made
       where trial is not null
       on conflict (model, trial, user_id) do nothing`,
      [model, ...batch],
    );
  }

  // #region tell-the-truth
  /** The first truth stands; whether it makes an error of the answer. */
  async function tellTruth(id: string, truth: string) {
    await flush(); // it may be a prediction of this very moment
    const { rows } = await pool.query<{ isError: boolean }>(
      `update predictions
       set truth = $3
       where model = $1 and id = $2 and coalesce(truth, $3) = $3
       returning failed or label <> truth as "isError"`,
      [model, id, truth],
    );
    if (rows[0]) return rows[0].isError;
    const { rowCount: known } = await pool.query(
      'select from predictions where model = $1 and id = $2',
      [model, id],
    );
    throw known
      ? new ConflictError('truth_differs', 'Another truth was told')
      : new ConflictError('unknown_prediction', 'No such id', 404);
  }
  // #endregion tell-the-truth

  return { addPrediction, addShadow, flush, tellTruth };
}

/** The memory of one model. */
export type TrialLog = ReturnType<typeof createTrialLog>;
