import { freshDatabase } from '@touchstone/kit/postgres/database';
import pg, { type Pool } from 'pg';
import { createDeadJobs } from './dead-jobs.ts';
import { createJobQueue } from './job-queue.ts';
import { type JobWorkerOptions, startJobWorker } from './job-worker.ts';

export const SCHEMA = new URL('schema.sql', import.meta.url);

/** A queue in a database of its own, and workers that stop with it. */
export async function startTestJobs() {
  const database = await freshDatabase({ schema: SCHEMA });
  const { pool, url } = database;
  const workers = createTestWorkers(url);

  async function dispose() {
    await workers[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }

  return {
    url,
    pool,
    queue: createJobQueue({ pool }),
    deadJobs: createDeadJobs({ pool }),
    startWorker: workers.start,
    logged: workers.logged,
    count: (place: string) => count(pool, place),
    passTime: (seconds: number) => passTime(pool, seconds),
    [Symbol.asyncDispose]: dispose,
  };
}

type WorkerSettings = Omit<JobWorkerOptions, 'pool' | 'log'>;

/** Starts workers, each with connections of its own. */
export function createTestWorkers(connectionString: string) {
  const logged: { message: string; details: object }[] = [];
  const say = (message: string, details: object) =>
    void logged.push({ message, details });
  const started: AsyncDisposable[] = [];

  function start(settings: WorkerSettings) {
    const pool = new pg.Pool({ connectionString, max: 4 });
    pool.on('error', () => {}); // a test may end connections
    const log = { warn: say, error: say };
    const worker = startJobWorker({ ...settings, pool, log });
    async function dispose() {
      await worker.stop(0);
      await pool.end();
    }
    started.push({ [Symbol.asyncDispose]: dispose });
    return { ...worker, pool };
  }

  async function stopAll() {
    await Promise.all(
      started.map((worker) => worker[Symbol.asyncDispose]()),
    );
  }

  return { start, logged, [Symbol.asyncDispose]: stopAll };
}

/** How many rows there are in a table that a condition may follow. */
export async function count(pool: Pool, place: string) {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from ${place}`,
  );
  return rows[0]?.n ?? 0;
}

/** Whether there is a row. */
export const has = async (pool: Pool, place: string) =>
  (await pool.query(`select from ${place} limit 1`)).rowCount === 1;

/** Whether a statement of this database waits for a lock. */
export const hasBlocked = (pool: Pool) =>
  has(
    pool,
    `pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`,
  );

/** Moves every delay and every lease nearer, as so many seconds would. */
export async function passTime(pool: Pool, seconds: number) {
  await pool.query(
    `update jobs set due_at = due_at - make_interval(secs => $1)`,
    [seconds],
  );
}

/** A promise, and the function that keeps it. */
export function createGate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** Stops each job where it inserts its invoice. */
export const lockInvoices = (pool: Pool) =>
  lock(pool, 'invoices in share mode');

/** Makes everyone who uses a table wait. */
export async function lock(pool: Pool, table: string) {
  const client = await pool.connect();
  await client.query(`begin; lock table ${table}`);
  async function unlock() {
    await client.query('commit');
    client.release();
  }
  return { unlock };
}
