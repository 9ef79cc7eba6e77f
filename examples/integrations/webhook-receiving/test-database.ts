import { readFile } from 'node:fs/promises';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { waitUntil } from '@touchstone/kit/time/wait';
import pg, { type Pool } from 'pg';

const JOBS = new URL(
  '../../jobs/background-jobs/schema.sql',
  import.meta.url,
);

/** A database of its own, with the tables of webhooks and of jobs. */
export async function openTestDatabase({ durable = false } = {}) {
  const schema = new URL('schema.sql', import.meta.url);
  const database = await freshDatabase({ schema, durable });
  await database.pool.query(await readFile(JOBS, 'utf8'));
  return database;
}

/** What a worker asks of its pool. */
export function openWorkerPool(connectionString: string): Pool {
  const pool = new pg.Pool({
    connectionString,
    connectionTimeoutMillis: 5000,
  });
  pool.on('error', () => {}); // a test may end connections
  return pool;
}

/** How many rows there are in a table that a condition may follow. */
export async function count(pool: Pool, place: string) {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from ${place}`,
  );
  return rows[0]?.n ?? 0;
}

/** Ends transactions that wait for their client, as Postgres does after their limit. */
export async function endIdleTransactions(pool: Pool) {
  const idle = `pg_stat_activity
    where datname = current_database()
      and state = 'idle in transaction'`;
  await waitUntil(
    'a transaction waits for its client',
    async () => (await count(pool, idle)) > 0,
  );
  await pool.query(`select pg_terminate_backend(pid) from ${idle}`);
}

/** Lets so many seconds pass for leases and pauses; waits for jobs that are in a transaction. */
export async function passTime(
  pool: Pool,
  seconds: number,
  which = 'true',
) {
  await pool.query(
    `update jobs
     set due_at = due_at - make_interval(secs => $1)
     where ${which}`,
    [seconds],
  );
}
