import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import { TrialError } from './trial-error.ts';
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
  /** What the version of the arm says; null without an answer. */
  label: string | null;
  /** Beside a shadow: what the user was told. */
  shown?: string;
  failed: boolean;
};

type TrialLogOptions = {
  pool: Pool;
  model: string;
  pauses: Pick<TrialPauses, 'isCounted' | 'findHorizon'>;
  log: { error: (message: string, details: object) => void };
};

const LIMIT = { timeLimitMs: 5000 };
const MOST_WAITING = 20_000;
const BATCH = 1000;

/** Who met which version, and what turned out to be true. */
export function createTrialLog(options: TrialLogOptions) {
  const { pool, model, pauses, log } = options;
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
    try {
      if (counted.length > 0) await insert(firstOfEach(counted));
    } catch (error) {
      lost += counted.length;
      log.error('users of a trial are lost', { lost, error });
    }
  }

  // #region log-users
  /** The first prediction of a user counts; a failure counts later too. */
  async function insert(users: Exposure[]) {
    await inTransaction(pool, LIMIT, (tx) =>
      tx.query(
        `insert into trial_users as met
           (model, trial, user_key, arm, share, prediction_id, label,
            shown, failed)
         select $1, trial, key, arm, share, id, label, shown, failed
         from jsonb_to_recordset($2) as come (
           trial int, key text, arm text, share float8, id uuid,
           label text, shown text, failed boolean)
         order by trial, key -- so that two servers do not deadlock
         on conflict (model, trial, user_key) do update
         set failed = true
         where excluded.failed
           and not met.failed
           and met.arm = excluded.arm`,
        [model, JSON.stringify(users)],
      ),
    );
  }
  // #endregion log-users

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
    if (rows[0]?.truth !== truth) throw new TrialError('truth_differs');
  }
  // #endregion tell-the-truth

  // #region delete-old
  /** Deletes what is older, except for the trial that runs; returns how many rows. */
  async function deleteOld(days: number): Promise<number> {
    const users = await deleteBatches(DELETE_USERS, days);
    return users + (await deleteBatches(DELETE_OUTCOMES, days));
  }

  async function deleteBatches(statement: string, days: number) {
    for (let total = 0; ; ) {
      const { rowCount } = await inTransaction(pool, LIMIT, (tx) =>
        tx.query(statement, [days, BATCH]),
      );
      total += rowCount ?? 0;
      if (rowCount !== BATCH) return total;
    }
  }
  // #endregion delete-old

  return { add, flush, tellTruth, deleteOld };
}

/** The memory of the trials of one model. */
export type TrialLog = ReturnType<typeof createTrialLog>;

/** Of several predictions for a user, the first one; failed if a later one of its arm is. */
function firstOfEach(exposures: Exposure[]): Exposure[] {
  const users = new Map<string, Exposure>();
  for (const one of exposures) {
    const name = `${one.trial} ${one.key}`;
    const first = users.get(name) ?? one;
    const failed =
      first.failed || (one.failed && one.arm === first.arm);
    users.set(name, { ...first, failed });
  }
  return [...users.values()];
}

const DELETE_USERS = `delete from trial_users
  where prediction_id in (
    select prediction_id
    from trial_users met
    where met_at < now() - make_interval(days => $1)
      and trial is distinct from (
        select trial
        from model_stages
        where model = met.model
        order by revision desc
        limit 1
      )
    limit $2
  )`;

const DELETE_OUTCOMES = `delete from trial_outcomes
  where prediction_id in (
    select prediction_id
    from trial_outcomes told
    where told_at < now() - make_interval(days => $1)
      and not exists (
        select from trial_users
        where prediction_id = told.prediction_id
      )
    limit $2
  )`;
