import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import { ModelProblem } from '../model-serving/model-problem.ts';
import type { TrialPauses } from './trial-pauses.ts';

/** A user who met a version in a trial. */
export type Exposure = {
  id: string;
  trial: number;
  key: string;
  arm: 'live' | 'canary' | 'shadow';
  share: number;
  /** When the user came, as `arrive` counts. */
  place: number;
  /** What the version of the arm says; null without an answer, empty when the client did not wait. */
  label: string | null;
  /** Beside a shadow: what the user was told. */
  shown?: string;
  failed: boolean;
};

type TrialLogOptions = {
  pool: Pool;
  pauses: Pick<TrialPauses, 'isCounted' | 'findHorizon'>;
  log: { error: (message: string, details: object) => void };
};

const LIMIT = { timeLimitMs: 5000 };
const MOST_WAITING = 20_000;
const BATCH = 1000;

/** Who met which version, and what turned out to be true. */
export function createTrialLog(options: TrialLogOptions) {
  const { pool, pauses, log } = options;
  let waiting: Exposure[] = [];
  let lost = 0;

  /** Kept in memory until the next flush; what is too much is lost, of both arms alike. */
  function add(exposure: Exposure): void {
    if (waiting.length < MOST_WAITING) waiting.push(exposure);
    else lost += 1;
  }

  /** Writes all who came before the oldest open request; what cannot be written is lost, of both arms alike. */
  async function flush(): Promise<void> {
    const horizon = pauses.findHorizon();
    const known = waiting.filter(({ place }) => place < horizon);
    waiting = waiting.filter(({ place }) => place >= horizon);
    const counted = known.filter(({ place }) =>
      pauses.isCounted(place),
    );
    let error: unknown;
    try {
      if (counted.length > 0) await insert(counted);
    } catch (cause) {
      lost += counted.length;
      error = cause;
    }
    if (lost > 0)
      log.error('users of a trial are lost', { lost, error });
    lost = 0;
  }

  /** The first prediction of a user counts, and their first failure. */
  async function insert(users: Exposure[]) {
    await inTransaction(pool, LIMIT, (tx) =>
      tx.query(
        `insert into trial_users
           (trial, user_key, failed, arm, share, prediction_id, label,
            shown)
         select trial, key, failed, arm, share, id, label, shown
         from jsonb_to_recordset($1) as come (
           trial int, key text, failed boolean, arm text,
           share float8, id uuid, label text, shown text)
         on conflict (trial, user_key, failed) do nothing`,
        [JSON.stringify(users)],
      ),
    );
  }

  // #region tell-the-truth
  /** The first truth stands. It may come before its prediction is written. */
  async function tellTruth(id: string, truth: string): Promise<void> {
    const { rows } = await inTransaction(pool, LIMIT, (tx) =>
      tx.query<{ truth: string }>(
        `insert into trial_outcomes as told (prediction_id, truth)
         values ($1, $2)
         on conflict (prediction_id) do update
         set truth = told.truth
         returning truth`,
        [id, truth],
      ),
    );
    if (rows[0]?.truth === truth) return;
    const advice = 'Another truth was told';
    throw new ModelProblem(409, 'truth_differs', advice);
  }
  // #endregion tell-the-truth
  /** Deletes what is older than any trial that runs; returns how many rows. */
  async function deleteOld(days: number): Promise<number> {
    let total = 0;
    for (const statement of DELETES)
      for (let count = BATCH; count === BATCH; total += count)
        count = await deleteBatch(statement, days);
    return total;
  }

  async function deleteBatch(statement: string, days: number) {
    const { rowCount } = await inTransaction(pool, LIMIT, (tx) =>
      tx.query(statement, [days, BATCH]),
    );
    return rowCount ?? 0;
  }

  return { add, flush, tellTruth, deleteOld };
}

/** The memory of the trials of one server. */
export type TrialLog = ReturnType<typeof createTrialLog>;

/** A bet that loses its oldest errors is none: trials keep theirs until they end. */
const deleteFrom = (table: string, time: string) => `
  delete from ${table}
  where ctid in (
    select ctid
    from ${table}
    where ${time} < least(
      now() - make_interval(days => $1),
      (select min(started_at)
       from model_trials
       where state = 'running'))
    limit $2
  )`;

const DELETES = [
  deleteFrom('trial_users', 'met_at'),
  deleteFrom('trial_outcomes', 'told_at'),
];
