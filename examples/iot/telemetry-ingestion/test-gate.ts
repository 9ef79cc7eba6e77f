import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';

/** Makes whoever writes readings wait, just before the commit. */
export async function holdCommits(pool: Pool) {
  const keeper = await pool.connect();
  await keeper.query(
    'begin; lock table latest_readings in exclusive mode',
  );
  const isReached = async () => {
    const { rowCount } = await pool.query(
      `select from pg_stat_activity
       where datname = current_database()
         and wait_event_type = 'Lock'`,
    );
    return rowCount === 1;
  };
  return {
    reached: () => waitUntil('a batch waits at the gate', isReached),
    open: () => keeper.query('commit'),
    [Symbol.asyncDispose]: async () => keeper.release(true),
  };
}
