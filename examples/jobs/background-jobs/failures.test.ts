import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import {
  lockTable,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { startProgram } from '@touchstone/kit/programs/program';
import { startTcpProxy } from '@touchstone/kit/proxies/tcp-proxy';
import { createClient } from '@touchstone/kit/testing/client';
import { failure } from '@touchstone/kit/testing/failure';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import { Pool } from 'pg';
import { expect } from 'vitest';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Job } from './job.ts';
import { PermanentError } from './job-outcomes.ts';
import { createJobQueue } from './job-queue.ts';
import { type Handler, startJobWorker } from './job-worker.ts';
import { createOrders } from './orders.ts';
import {
  copies,
  count,
  createGate,
  createTestWorkers,
  hang,
  openWorkerPool,
  passTime,
  SCHEMA,
  startTestJobs,
  type TestJobs,
} from './test-jobs.ts';
import { startNetwork } from './test-network.ts';
// Cases of the queue, also for those who copy this file.
import './test-queue-cases.ts';

const MAIN = new URL('main.ts', import.meta.url);

failure(
  'A worker is killed with SIGKILL in the middle of a job',
  {
    symptom:
      'The job waits until its lease of 75 seconds ends; then another worker does it',
    defence: 'claim-jobs',
    remains:
      'What the job did outside the database is done twice: give it an idempotency key from its payload, such as the id of the order',
  },
  async () => {
    await using jobs = await startTestJobs();
    const first = await startExample(jobs.url);
    const invoices = await lockTable(jobs.pool, 'invoices');
    await placeOrder(first.url);
    await untilWaiting(jobs.pool);

    await first.kill('SIGKILL');
    await invoices.unlock();
    await using second = await startExample(jobs.url);
    await placeOrder(second.url);
    await waitUntil('the other order has its invoice', async () =>
      Boolean(await jobs.count('invoices where order_id = 2')),
    );
    expect(await jobs.count('invoices')).toBe(1);
    await jobs.passTime(75);
    await jobs.untilDone();
    expect(await jobs.count('invoices where order_id = 1')).toBe(1);
  },
);

failure(
  'A job is enqueued in a transaction that is rolled back',
  {
    symptom:
      'No worker ever sees the job. After a commit, workers see it only then',
    defence: 'enqueue',
    remains:
      'A caller that passes the pool instead of `tx` has left the transaction',
  },
  async () => {
    await using jobs = await startTestJobs();
    const seen: unknown[] = [];
    const mail: Handler = async (job) => void seen.push(job.payload);
    jobs.startWorker({ pollSeconds: 0.02, handlers: { mail } });

    for (const end of ['rollback', 'commit']) {
      const work = inTransaction(jobs.pool, async (tx) => {
        const job = { kind: 'mail', payload: end };
        expect(await jobs.queue.enqueue(tx, [job])).toHaveLength(1);
        await jobs.add('mail', { payload: `before ${end}` });
        await waitUntil('a later job is done', () =>
          seen.includes(`before ${end}`),
        );
        if (end === 'rollback') throw new Error('declined');
      });
      if (end === 'commit') await work;
      else await expect(work).rejects.toThrow('declined');
    }

    await waitUntil('three are done', () => seen.length >= 3);
    expect(seen).toEqual([
      'before rollback',
      'before commit',
      'commit',
    ]);
  },
);

failure(
  'Jobs of two kinds have the same key, or one call has a key twice',
  {
    symptom:
      'Each kind has its own job. Of two waiting jobs with one kind and key, only the newest is kept',
    defence: 'enqueue',
    remains:
      'The key of a job is free once it begins, so it may run beside a newer one. A transaction that enqueues a key holds up others with that key until it ends; enqueue all keys of a transaction in one call',
  },
  async () => {
    await using jobs = await startTestJobs();
    const uniqueKey = 'order 42';
    const mail = (payload: number) => ({
      kind: 'send-mail',
      payload,
      uniqueKey,
    });
    const invoice = { kind: 'make-invoice', payload: 1, uniqueKey };

    await jobs.queue.enqueue(jobs.pool, [mail(1), invoice]);
    await jobs.queue.enqueue(jobs.pool, [mail(2), mail(3)]);

    const kinds = ['make-invoice', 'send-mail'];
    const begun = await jobs.queue.claim(kinds, 9, 30);
    expect(begun).toMatchObject([invoice, mail(3)].map(toClaimed));
    await jobs.queue.enqueue(jobs.pool, [mail(4)]);
    expect(await jobs.queue.claim(kinds, 9, 30)).toMatchObject([
      { payload: 4, attempt: 1 },
    ]);
  },
);

failure(
  'A job fails each time, or ends the process each time',
  {
    symptom:
      'It pauses longer each time; after `maxAttempts` it is in `dead_jobs`, and the log has `job is dead`',
    defence: 'judge',
    remains:
      'When the job ends the process, all jobs of that process lose an attempt',
  },
  async () => {
    await using jobs = await startTestJobs();
    const [poison] = await jobs.add('killer', { maxAttempts: 2 });
    for (const attempt of [1, 2]) {
      // A worker takes it, and does not come back.
      expect(await jobs.queue.claim(['killer'], 1, 30)).toMatchObject([
        { attempt, maxAttempts: 2 },
      ]);
      await jobs.passTime(30);
    }
    await jobs.add('throws', { maxAttempts: 3, uniqueKey: 'k' });
    await jobs.add('permanent', { payload: { n: 1 } });
    await jobs.queue.enqueue(jobs.pool, copies(10));
    const calls: string[] = [];
    const call = async ({ kind }: Job) => void calls.push(kind);

    jobs.startWorker({
      pollSeconds: 0.02,
      chooseRetry: () => 0,
      handlers: {
        noop: call,
        killer: call,
        throws: async (job) => {
          await call(job);
          throw new Error('a\0b \ud800'); // Postgres refuses both
        },
        permanent: async (job) => {
          await call(job);
          throw new PermanentError(`no such order${'😀'.repeat(1000)}`);
        },
      },
    });

    await jobs.untilDead(3);
    await jobs.untilDone();
    expect(calls.toSorted()).toEqual([
      ...copies(10).map(({ kind }) => kind),
      'permanent',
      'throws',
      'throws',
      'throws',
    ]);
    const { rows } = await jobs.pool.query(
      `select id, kind, payload, unique_key, attempts, max_attempts,
              last_error
       from dead_jobs
       where created_at < died_at
       order by kind`,
    );
    expect(rows).toMatchObject([
      { id: poison, kind: 'killer', attempts: 3, max_attempts: 2 },
      { kind: 'permanent', payload: { n: 1 }, attempts: 1 },
      {
        kind: 'throws',
        unique_key: 'k',
        last_error: 'Error: ab \ufffd',
      },
    ]);
    expect(rows[0].last_error).toBe(
      'PermanentError: None of its attempts ended',
    );
    expect(rows[1].last_error).toHaveLength(1000);
    const logged = jobs.logged.filter(({ details }) =>
      Object.values(details).includes('throws'),
    );
    expect(logged).toMatchObject([
      { message: 'job failed', details: { attempt: 1 } },
      {
        message: 'job failed',
        details: { attempt: 2, retrySeconds: 0 },
      },
      {
        level: 'error',
        message: 'job is dead',
        details: { attempt: 3 },
      },
    ]);
  },
);

failure(
  'A worker is frozen for longer than the lease of its job',
  {
    symptom:
      'Another worker does the job. What the frozen one does late is rolled back, and its log has `lease lost`',
    defence: 'complete',
    remains: 'What it did outside the database is done twice',
  },
  async () => {
    await using jobs = await startTestJobs();
    await using frozen = await startExample(jobs.url);
    const invoices = await lockTable(jobs.pool, 'invoices');
    await placeOrder(frozen.url);
    await untilWaiting(jobs.pool);
    await frozen.signal('SIGSTOP');
    await invoices.unlock();
    // Its transaction waits for the frozen process to go on.
    await waitUntil('it is idle in its transaction', () =>
      isIdle(jobs.pool),
    );
    const [taken, awake] = [createGate(), createGate()];
    const { makeInvoice } = createOrders(jobs);
    const makeItToo: Handler = async (job, signal) => {
      taken.open();
      await awake.opened;
      await makeInvoice(job, signal);
    };
    await endTransactions(jobs.pool);
    await jobs.passTime(75);
    jobs.startWorker({ handlers: { 'make-invoice': makeItToo } });
    await taken.opened;
    await frozen.signal('SIGCONT');
    await waitUntil('the frozen one knows', () =>
      frozen.read().errors.includes('lease lost'),
    );
    expect(await jobs.count('invoices')).toBe(0);
    awake.open();
    await jobs.untilDone();
    expect(await jobs.count('invoices')).toBe(1);
  },
);

failure(
  'The database is restarted under load',
  {
    symptom:
      'The log has `nothing can be claimed` or `ends cannot be recorded`; each job that was enqueued is done, and none is dead',
    defence: 'start-job-worker',
    remains:
      'A claim whose answer is lost waits for the end of its lease; a job whose end is recorded only later than that runs twice',
  },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'background-jobs-'));
    try {
      await restartUnderLoad(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

failure(
  'Connections fall silent, as after a failover, or a server accepts them and never answers',
  {
    symptom:
      'Each statement fails after `answerSeconds`, and the next one takes a new connection; a pool without `connectionTimeoutMillis` is refused',
    defence: 'start-job-worker',
    remains:
      'A claim whose answer is lost waits for the end of its lease',
  },
  async () => {
    await using jobs = await startTestJobs();
    await using network = await startNetwork(jobs.url);
    await using workers = createTestWorkers(network.url);
    const done = new Set<string>();
    const note: Handler = async (job) => void done.add(job.id);
    const worker = workers.startWorker({
      handlers: { note },
      answerSeconds: 0.2,
      limitSeconds: 5, // a claim may be lost twice on a busy machine
      pollSeconds: 0.02,
    });
    await jobs.queue.enqueue(jobs.pool, copies(20, 'note'));
    await jobs.untilDone();

    network.swallow();
    await jobs.queue.enqueue(jobs.pool, copies(10, 'note'));
    await jobs.untilDone();
    expect(done.size).toBe(30);
    expect(workers.hasLogged('nothing can be claimed')).toBe(true);

    network.freeze();
    network.swallow();
    const failed = () =>
      workers.logged.filter(({ message }) =>
        message.includes('claimed'),
      );
    const before = failed().length;
    await waitUntil('it says so', () => failed().length > before);
    const began = performance.now();
    await worker.stop(0);
    expect(performance.now() - began).toBeLessThan(15_000);

    for (const [settings, fault] of [
      [{}, 'the pool has no connectionTimeoutMillis'],
      [
        { connectionTimeoutMillis: 1 },
        'the pool has no listener for error',
      ],
    ] as const) {
      const pool = new Pool(settings);
      const options = { pool, handlers: {}, log: createTestLog() };
      expect(() => startJobWorker(options)).toThrow(fault);
    }
    // A goodbye through it would never be answered.
    await network[Symbol.asyncDispose]();
  },
);

failure(
  'A burst of 20,000 jobs of one kind comes before three of another',
  {
    symptom:
      'The three do not wait for the burst: kinds take turns. A claim reads only jobs that it may take, and no worker runs more than its `concurrency`',
    defence: 'start-job-worker',
    remains:
      'Jobs in work are not interrupted: slow ones that fill all places hold up the others. Give urgent kinds a worker of their own',
  },
  async () => {
    await using jobs = await startTestJobs();
    await jobs.queue.enqueue(jobs.pool, copies(20_000));
    await jobs.queue.enqueue(jobs.pool, copies(3, 'urgent'));
    await jobs.add('unknown');
    const order: string[] = [];
    const done = new Set<string>();
    let running = 0;
    let most = 0;
    const work: Handler = async ({ id, kind }) => {
      most = Math.max(most, ++running);
      await setImmediate();
      running -= 1;
      order.push(kind);
      if (done.has(id)) throw new Error(`${id} ran twice`);
      done.add(id);
    };
    let queries = 0;

    for (let n = 0; n < 2; n++) {
      const handlers = { noop: work, urgent: work };
      const { pool } = jobs.startWorker({ concurrency: 50, handlers });
      pool.on('acquire', () => queries++);
    }

    await waitUntil('all are settled', async () => {
      const left = await jobs.count('(select from jobs limit 2)');
      return left === 1;
    });
    expect(done.size).toBe(20_003);
    expect(order.lastIndexOf('urgent')).toBeLessThan(1000);
    expect(most).toBeLessThanOrEqual(100);
    expect(queries).toBeLessThan(2000);
    expect(jobs.logged).toEqual([]);
  },
);

failure(
  'A handler hangs, and ignores its signal',
  {
    symptom:
      'After `limitSeconds` it is cut off and the attempt has failed; its place is free for other jobs. One that has called `complete` keeps its job until its transaction or its lease ends, and the log has `job goes on`',
    defence: 'start-job-worker',
    remains:
      'The handler goes on, beside the next attempt, and keeps what it holds',
  },
  async () => {
    await using jobs = await startTestJobs();
    const signals: AbortSignal[] = [];
    const ran: string[] = [];
    const end = createGate();
    for (const kind of ['hangs', 'listens', 'holds'])
      await jobs.add(kind, { maxAttempts: 1 });

    jobs.startWorker({
      concurrency: 3,
      limitSeconds: 0.3,
      pollSeconds: 0.02,
      handlers: {
        hangs: (_job, signal) => {
          signals.push(signal);
          return hang();
        },
        listens: (job, signal) =>
          completeAnd(jobs, { job, signal, work: hang }),
        holds: (job) =>
          completeAnd(jobs, { job, work: () => end.opened }),
        noop: async ({ kind }) => void ran.push(kind),
      },
    });

    await waitUntil('it hangs', () => signals.length === 1);
    await jobs.add('noop');
    await jobs.untilDead(2);
    await waitUntil('the other ran', () => ran.length === 1);
    expect(signals[0]?.reason).toMatchObject({ code: 'timed_out' });
    const { rows } = await jobs.pool.query(
      'select kind, attempts, last_error from dead_jobs order by kind',
    );
    const dead = {
      attempts: 1,
      last_error:
        'CutOffError: The work took longer than its time limit',
    };
    expect(rows).toEqual([
      { kind: 'hangs', ...dead },
      { kind: 'listens', ...dead },
    ]);
    await waitUntil('the log has it', () =>
      jobs.hasLogged('job goes on'),
    );
    end.open();
    await jobs.untilDone();
    expect(await jobs.count('dead_jobs')).toBe(2);
    const onIts = jobs.logged.filter(
      ({ message }) => message === 'job goes on',
    );
    expect(onIts).toMatchObject([{ details: { kind: 'holds' } }]);
  },
);

failure(
  'The worker is stopped while it works',
  {
    symptom:
      'It takes no more jobs, ends what it can within its grace, and gives the rest back without counting the attempt',
    defence: 'judge',
    remains:
      'A job that was given back begins again: what it did outside the database is done twice',
  },
  async () => {
    await using jobs = await startTestJobs();
    await stopInTheMiddle(jobs);

    const table = await lockTable(jobs.pool, 'jobs');
    const late = jobs.startWorker({ handlers: { short: hang } });
    await untilWaiting(jobs.pool);
    const ended = late.stop();
    await table.unlock();
    await ended;
    expect(await jobs.queue.claim(['short'], 1, 30)).toMatchObject([
      { attempt: 2, maxAttempts: 2 },
    ]);

    const program = await startExample(jobs.url);
    const invoices = await lockTable(jobs.pool, 'invoices');
    await placeOrder(program.url);
    await untilWaiting(jobs.pool);
    await program.signal('SIGTERM');
    await invoices.unlock();
    // SIGCONT changes nothing: this waits for its end.
    expect(await program.kill('SIGCONT')).toBe(0);
    expect(await jobs.count('invoices')).toBe(1);
  },
);

const toClaimed = ({
  kind,
  payload,
}: {
  kind: string;
  payload: unknown;
}) => ({
  kind,
  payload,
});

const IN_TRANSACTION = `from pg_stat_activity
  where state = 'idle in transaction' and datname = current_database()`;

const isIdle = async (pool: Pool) =>
  (await pool.query(`select ${IN_TRANSACTION}`)).rowCount === 1;

/** As Postgres does after `idle_in_transaction_session_timeout`. */
const endTransactions = (pool: Pool) =>
  pool.query(`select pg_terminate_backend(pid) ${IN_TRANSACTION}`);

const startExample = (url: string) =>
  startProgram(MAIN, { DATABASE_URL: url, PORT: '0' });

async function placeOrder(url: string) {
  const body = { customer: 'Ada', cents: 4200 };
  const send = createClient(url);
  expect((await send('POST', '/orders', { body })).status).toBe(201);
}

/** Ends the job in a transaction that does something more. */
function completeAnd(
  jobs: TestJobs,
  {
    job,
    work,
    ...options
  }: { job: Job; work: () => Promise<void>; signal?: AbortSignal },
) {
  return inTransaction(jobs.pool, options, async (tx) => {
    await jobs.queue.complete(tx, job);
    await work();
  });
}

/** One job ends within the grace, one does not, and one comes too late. */
async function stopInTheMiddle(jobs: TestJobs) {
  const begun: string[] = [];
  const end = createGate();
  const worker = jobs.startWorker({
    handlers: {
      short: async () => {
        begun.push('short');
        await end.opened;
      },
      long: (job, signal) =>
        completeAnd(jobs, {
          job,
          signal,
          work: () => {
            begun.push('long');
            return hang();
          },
        }),
    },
  });
  await jobs.add('short', { maxAttempts: 1 });
  await jobs.add('long', { maxAttempts: 1 });
  await waitUntil('both run', () => begun.length === 2);
  // Longer than a handler may take, by default 60 s.
  const leased = `jobs where due_at - created_at > interval '75 s'`;
  expect(await jobs.count(leased)).toBe(2);

  const stopped = worker.stop(1);
  end.open();
  await jobs.add('short', { maxAttempts: 1 });
  await stopped;

  expect(begun.toSorted()).toEqual(['long', 'short']);
  const claimed = await jobs.queue.claim(['long'], 10, 30);
  expect(claimed).toMatchObject([{ attempt: 2, maxAttempts: 2 }]);
  await jobs.pool.query(`delete from jobs where kind = 'long'`);
}

/** A server that ends while jobs are enqueued and done, and comes back. */
async function restartUnderLoad(folder: string) {
  const first = await startPostgres({ dataFolder: folder });
  await using proxy = await startTcpProxy(portOf(first.url));
  const url = Object.assign(new URL(first.url), {
    port: proxy.port,
  }).href;
  const pool = openWorkerPool(url);
  await pool.query(readFileSync(SCHEMA, 'utf8'));
  const queue = createJobQueue({ pool });
  const workers = createTestWorkers(url);
  const done = new Set<unknown>();
  const mark: Handler = async ({ payload }) => void done.add(payload);
  for (let n = 0; n < 2; n++)
    workers.startWorker({
      handlers: { mark },
      pollSeconds: 0.1,
      limitSeconds: 5, // on a busy machine, more claims may be lost
    });

  const enqueued: number[] = [];
  let isEnough = false;
  async function load() {
    for (let n = 0; !isEnough; n++)
      await queue.enqueue(pool, [{ kind: 'mark', payload: n }]).then(
        () => enqueued.push(n),
        () => {}, // the caller has an error, and no promise
      );
  }
  const loading = load();
  await waitUntil('the load is on', () => done.size > 100);
  await first[Symbol.asyncDispose]();
  // A worker whose places are full of such ends claims nothing.
  await waitUntil(
    'the workers notice',
    () =>
      workers.hasLogged('nothing can be claimed') ||
      workers.hasLogged('ends cannot be recorded'),
  );
  await using second = await startPostgres({ dataFolder: folder });
  proxy.pointTo(portOf(second.url));
  const before = done.size;
  await waitUntil(
    'the load is on again',
    () => done.size > before + 100,
  );
  isEnough = true;
  await loading;
  // A claim may have been made, and its answer lost.
  await passTime(pool, 75);
  await waitUntil(
    'nothing is left',
    async () => !(await count(pool, 'jobs')),
  );

  expect(enqueued.filter((n) => !done.has(n))).toEqual([]);
  expect(await count(pool, 'dead_jobs')).toBe(0);
  await workers[Symbol.asyncDispose]();
  await pool.end();
}

const portOf = (url: string) => Number(new URL(url).port);
