import { setTimeout as pause } from 'node:timers/promises';
import {
  Logger,
  makeWorkerUtils,
  type RunnerOptions,
  run,
} from 'graphile-worker';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { listenForWakeUps } from '../worker-loop/listen-for-wake-ups.ts';
import type { Job } from './job.ts';
import { createJobQueue } from './job-queue.ts';
import { startJobWorker } from './job-worker.ts';
import { createNaiveJobs } from './naive.ts';
import { openWorkerPool } from './test-jobs.ts';

type Payload = { sent: number };
type OnJob = (payload: Payload) => Promise<void>;

/** One way to have jobs in Postgres; `start` runs in a thread of its own. */
export type BenchQueue = {
  load: (jobs: number) => Promise<unknown>;
  enqueue: (payload: Payload) => Promise<unknown>;
  /** Counts what is not done. */
  waiting: string;
  start: (onJob: OnJob) => Promise<() => Promise<unknown>>;
  close: () => Promise<unknown>;
};

/** How many jobs the others may have in hand, in each worker. */
const AT_ONCE = 100;

/** All say nothing but errors, so that no terminal slows them down. */
const log = { warn: () => {}, error: console.error };

/** With the pool of four that its page recommends. */
const openPattern =
  (settings: { concurrency?: number }) =>
  async (url: string): Promise<BenchQueue> => {
    const pool = new pg.Pool({ connectionString: url });
    const queue = createJobQueue({ pool });
    const toJob = (payload: Payload) => ({ kind: 'noop', payload });
    return {
      load: (jobs) => queue.enqueue(pool, many(jobs).map(toJob)),
      enqueue: (payload) => queue.enqueue(pool, [toJob(payload)]),
      waiting: 'jobs',
      async start(onJob) {
        const own = openWorkerPool(url);
        const noop = (job: Job) => onJob(job.payload as Payload);
        const handlers = { noop };
        const options = { ...settings, pool: own, handlers, log };
        const worker = startJobWorker(options);
        const { wake } = worker;
        const listening = { connectionString: url, wake, log };
        const listener = listenForWakeUps(listening);
        return async () => {
          await listener.stop();
          await worker.stop();
          await own.end();
        };
      },
      close: () => pool.end(),
    };
  };

/** Ten loops a worker, as many as its pool has connections. */
async function openNaive(url: string): Promise<BenchQueue> {
  const pool = new pg.Pool({ connectionString: url });
  const naive = createNaiveJobs({ pool });
  await naive.createTable();
  return {
    load: (jobs) => naive.enqueue(many(jobs)),
    enqueue: (payload) => naive.enqueue([payload]),
    waiting: `naive_jobs where status = 'waiting'`,
    async start(onJob) {
      let stopped = false;
      const handle = (payload: unknown) => onJob(payload as Payload);
      async function loop() {
        while (!stopped)
          if (!(await naive.workOnce(handle))) await pause(100);
      }
      const loops = Promise.all(Array.from({ length: 10 }, loop));
      return () => {
        stopped = true;
        return loops;
      };
    },
    close: () => pool.end(),
  };
}

const openGraphile =
  (settings: RunnerOptions) =>
  async (url: string): Promise<BenchQueue> => {
    const pgPool = new pg.Pool({ connectionString: url, max: 12 });
    pgPool.on('error', console.error).on('connect', (client) => {
      client.on('error', console.error); // it asks for both
    });
    const logger = new Logger(() => () => {});
    const utils = await makeWorkerUtils({ pgPool, logger });
    await utils.migrate();
    return {
      load: (jobs) =>
        pgPool.query(
          `select count(*) from graphile_worker.add_jobs(array(
             select ('noop', '{"sent":0}', null, null, null, null, null,
                     null)::graphile_worker.job_spec
             from generate_series(1, $1)
           ))`,
          [jobs],
        ),
      enqueue: (payload) => utils.addJob('noop', payload),
      waiting: 'graphile_worker._private_jobs',
      async start(onJob) {
        const noop = (payload: unknown) => onJob(payload as Payload);
        const runner = await run({
          ...settings,
          pgPool,
          logger,
          concurrency: AT_ONCE,
          noHandleSignals: true,
          taskList: { noop },
        });
        return runner.stop;
      },
      async close() {
        await utils.release();
        await pgPool.end();
      },
    };
  };

/** As fast as it can be set: notified, and without a pause while batches are full. */
async function openPgBoss(url: string): Promise<BenchQueue> {
  const boss = new PgBoss({
    connectionString: url,
    useListenNotify: true,
    supervise: false,
    schedule: false,
  });
  boss.on('error', console.error);
  await boss.start();
  await boss.createQueue('noop', { notify: true });
  return {
    load: (jobs) =>
      boss.insert(
        'noop',
        many(jobs).map((data) => ({ data })),
      ),
    enqueue: (payload) => boss.send('noop', payload),
    waiting: `pgboss.job where state < 'completed'`,
    async start(onJob) {
      const settings = {
        batchSize: AT_ONCE,
        burstWhenBatchFull: true,
        pollingIntervalSeconds: 0.5,
      };
      await boss.work<Payload>('noop', settings, async (jobs) => {
        await Promise.all(jobs.map(({ data }) => onJob(data)));
      });
      return () => boss.offWork('noop');
    },
    close: () => boss.stop(),
  };
}

type Contender = {
  open: (url: string) => Promise<BenchQueue>;
  note?: string;
};

/** The first is the pattern. */
export const contenders: Record<string, Contender> = {
  'this pattern': {
    open: openPattern({}),
    note: 'as it comes: `concurrency` 20',
  },
  'this pattern, larger batches': {
    open: openPattern({ concurrency: AT_ONCE }),
    note: '`concurrency` 100',
  },
  'status column (naive)': {
    open: openNaive,
    note: 'four workers run some jobs more than once',
  },
  'graphile-worker 0.18': {
    open: openGraphile({}),
    note: 'as it comes: claims one by one',
  },
  'graphile-worker 0.18, in batches': {
    open: openGraphile({
      preset: {
        worker: {
          localQueue: { size: AT_ONCE },
          completeJobBatchDelay: 0,
        },
      },
    }),
    note: '`localQueue` of 100, `completeJobBatchDelay` 0',
  },
  'pg-boss 12.35, in batches': {
    open: openPgBoss,
    note: '`batchSize` 100, `burstWhenBatchFull`, LISTEN/NOTIFY on',
  },
};

const many = (length: number): Payload[] =>
  Array.from({ length }, () => ({ sent: 0 }));
