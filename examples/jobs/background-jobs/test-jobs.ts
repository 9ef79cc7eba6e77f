import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import pg from 'pg';
import { listenForWakeUps } from '../worker-loop/listen-for-wake-ups.ts';
import { createDeadJobs } from './dead-jobs.ts';
import { createJobQueue } from './job-queue.ts';
import { type JobWorkerOptions, startJobWorker } from './job-worker.ts';

export const SCHEMA = new URL('schema.sql', import.meta.url);

/** A queue in a database of its own, and workers that stop with it. */
export async function startTestJobs() {
  const stack = new AsyncDisposableStack();
  const { pool, url } = stack.use(
    await freshDatabase({ schema: SCHEMA }),
  );
  const workers = stack.use(createTestWorkers(url));
  const queue = createJobQueue({ pool });

  return {
    url,
    pool,
    queue,
    deadJobs: createDeadJobs({ pool }),
    ...workers,
    /** Enqueues one job, with what the test does not care for. */
    add: (kind: string, more: object = {}) =>
      queue.enqueue(pool, [{ kind, ...more }]),
    count: (place: string) => count(pool, place),
    passTime: (seconds: number) => passTime(pool, seconds),
    untilDone: () =>
      waitUntil(
        'all jobs are gone',
        async () => !(await count(pool, 'jobs')),
      ),
    untilDead: (dead: number) =>
      waitUntil(
        `${dead} are dead`,
        async () => (await count(pool, 'dead_jobs')) === dead,
      ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

type WorkerSettings = Omit<JobWorkerOptions, 'pool' | 'log'>;

/** Starts workers, each with connections of its own. */
export function createTestWorkers(connectionString: string) {
  const stack = new AsyncDisposableStack();
  const log = createTestLog();

  function startWorker(settings: WorkerSettings) {
    const pool = openWorkerPool(connectionString);
    stack.defer(() => pool.end());
    const worker = startJobWorker({ ...settings, pool, log });
    stack.defer(() => worker.stop(0));
    return { ...worker, pool };
  }

  /** Wakes the worker at each NOTIFY; resolves once it listens. */
  async function listen(wake: () => void) {
    const listener = listenForWakeUps({ connectionString, wake, log });
    stack.use(listener);
    const pool = stack.adopt(openWorkerPool(connectionString), (p) =>
      p.end(),
    );
    await waitUntil('it listens', () => listens(pool));
  }

  const hasLogged = (message: string) =>
    log.entries.some((entry) => entry.message === message);

  return {
    startWorker,
    listen,
    hasLogged,
    logged: log.entries,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** What a worker asks of its pool. */
export function openWorkerPool(connectionString: string): Pool {
  const pool = new pg.Pool({
    connectionString,
    max: 4,
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

const has = async (pool: Pool, place: string) =>
  (await count(pool, place)) > 0;

/** Jobs that differ. */
export const copies = (length: number, kind = 'noop') =>
  Array.from({ length }, (_, n) => ({ kind, payload: { n } }));

/** Work that never ends. */
export const hang = () => new Promise<never>(() => {});

export type TestJobs = Awaited<ReturnType<typeof startTestJobs>>;

/** Whether a connection of this database listens for jobs. */
export const listens = (pool: Pool) =>
  has(
    pool,
    `pg_stat_activity
     where query = 'listen "jobs"' and state = 'idle'
       and datname = current_database()`,
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
