import type { Pool } from 'pg';
import { waitUntil } from '../time/wait.ts';

/** What can be asked: a pool, or a client. */
type Asked = Pick<Pool, 'query'>;

const WAITING = `pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock'`;

/** How many statements of this database wait for a lock. */
export async function countWaiting(db: Asked): Promise<number> {
  const { rows } = await db.query<{ n: number }>(`select count(*)::int as n from ${WAITING}`);
  return rows[0]?.n ?? 0;
}

/** Resolves once at least so many statements of this database wait for a lock. */
export const untilWaiting = (db: Asked, statements = 1): Promise<void> =>
  waitUntil(
    `${statements} statements wait for a lock`,
    async () => (await countWaiting(db)) >= statements,
  );

/** Ends the connections whose statements wait for a lock, as a crash would; how many there were. */
export const terminateWaiting = (db: Asked): Promise<number> =>
  signalWaiting(db, 'pg_terminate_backend');

/** Cancels the statements that wait for a lock, and leaves their connections; how many there were. */
export const cancelWaiting = (db: Asked): Promise<number> => signalWaiting(db, 'pg_cancel_backend');

async function signalWaiting(db: Asked, signal: string): Promise<number> {
  const { rowCount } = await db.query(`select ${signal}(pid) from ${WAITING}`);
  return rowCount ?? 0;
}

/** A table that somebody has locked; unlocking it twice does nothing more. */
export type LockedTable = { unlock: () => Promise<void> };

/** Makes everyone wait who uses a table in a way that the mode excludes, until it is unlocked. */
export async function lockTable(
  pool: Pool,
  table: string,
  mode: 'access exclusive' | 'exclusive' | 'share' = 'access exclusive',
): Promise<LockedTable> {
  const client = await pool.connect();
  await client.query(`begin; lock table ${table} in ${mode} mode`);
  let isLocked = true;
  async function unlock() {
    if (!isLocked) return;
    isLocked = false;
    await client.query('commit');
    client.release();
  }
  return { unlock };
}
