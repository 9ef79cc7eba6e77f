import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { TrialCount } from './judge-trial.ts';

type Row = {
  share: number;
  arm: 'live' | 'canary' | 'shadow';
  users: number;
  told: number;
  wrong: number;
  failed: number;
  differing: number;
};

/** Counts a trial: its two arms, and the answers of a shadow. */
export async function countTrial(
  pool: Pool,
  trial: number,
  signal?: AbortSignal,
) {
  const limits = { timeLimitMs: 60_000, signal };
  const { rows } = await inTransaction(pool, limits, (tx) =>
    tx.query<Row>(COUNT, [trial]),
  );
  const shadow = rows.find(({ arm }) => arm === 'shadow');
  return {
    users: toTallies(rows, 'users'),
    told: toTallies(rows, 'told'),
    wrong: toTallies(rows, 'wrong'),
    failed: toTallies(rows, 'failed'),
    ...(shadow && { shadow }),
  } satisfies TrialCount & { shadow?: Row };
}

const COUNT = `
  select share, arm,
         (count(*) filter (where not failed))::int as users,
         (count(*) filter (where not failed
            and (label is null or truth is not null)))::int as told,
         (count(*) filter (where label <> truth))::int as wrong,
         (count(*) filter (where failed))::int as failed,
         (count(*) filter (where label <> shown))::int
           as differing
  from trial_users
  left join trial_outcomes using (prediction_id)
  where trial = $1
  group by share, arm
  order by share`;

function toTallies(
  rows: Row[],
  key: 'users' | 'told' | 'wrong' | 'failed',
) {
  const inTrial = rows.filter(({ arm }) => arm !== 'shadow');
  const byShare = Map.groupBy(inTrial, ({ share }) => share);
  return Array.from(byShare, ([share, arms]) => ({
    share,
    total: arms.reduce((total, row) => total + row[key], 0),
    canary: arms.find(({ arm }) => arm === 'canary')?.[key] ?? 0,
  }));
}
