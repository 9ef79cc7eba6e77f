import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { startProgram } from '@touchstone/kit/programs/program';
import { startTcpProxy } from '@touchstone/kit/proxies/tcp-proxy';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import pg, { type Pool } from 'pg';
import { expect, vi } from 'vitest';
import type { Job, NewJob } from './job.ts';
import { HopelessError } from './job-outcomes.ts';
import { createJobQueue } from './job-queue.ts';
import { createOrders } from './orders.ts';
import { createClient } from './test-client.ts';
import { stopHeartbeats } from './test-heartbeats.ts';
import {
  count,
  createGate,
  createTestWorkers,
  has,
  hasBlocked,
  lock,
  lockInvoices,
  SCHEMA,
  startTestJobs,
} from './test-jobs.ts';

const MAIN = new URL('main.ts', import.meta.url);

failure(
  'A worker is killed with SIGKILL in the middle of a job',
  {
    symptom:
      'Nothing, for the rest of its lease; then another worker does the job',
    defence: 'claim-jobs',
    remains:
      'What the job did outside the database is done twice: give it the id of the job as its idempotency key',
  },
  async () => {
    await using jobs = await startTestJobs();
    const first = await startExample(jobs.url);
    const invoices = await lockInvoices(jobs.pool);
    await placeOrder(first.url);
    await waitUntil('the job waits in its middle', () =>
      hasBlocked(jobs.pool),
    );

    await first.kill('SIGKILL');
    await invoices.unlock();

    await using second = await startExample(jobs.url);
    await placeOrder(second.url);
    await waitUntil('the other order has its invoice', () =>
      has(jobs.pool, 'invoices where order_id = 2'),
    );
    expect(await count(jobs.pool, 'invoices')).toBe(1);
    await jobs.passTime(30);
    await waitUntil(
      'all is done',
      async () => !(await jobs.count('jobs')),
    );
    expect(await count(jobs.pool, 'invoices where order_id = 1')).toBe(
      1,
    );
  },
);

failure(
  'Two workers reach for one job',
  {
    symptom: 'Each job runs once, and no worker waits for another',
    defence: 'claim-jobs',
    remains:
      'Jobs that are due together end in any order, once there are two workers',
  },
  async () => {
    await using jobs = await startTestJobs();
    await jobs.queue.enqueue(jobs.pool, copies(2));
    const client = await jobs.pool.connect();
    await client.query('begin');
    const inside = createJobQueue({ pool: client as unknown as Pool });

    const [one] = await inside.claim(['noop'], 1, 30);
    const [other] = await jobs.queue.claim(['noop'], 1, 30);

    await client.query('commit');
    client.release();
    expect([one?.id, other?.id]).toEqual(['1', '2']);

    await jobs.queue.enqueue(jobs.pool, copies(1000));
    const claims = await Promise.all(
      Array.from({ length: 40 }, () =>
        jobs.queue.claim(['noop'], 25, 30),
      ),
    );
    expect(new Set(claims.flat().map(({ id }) => id)).size).toBe(1000);
  },
);

failure(
  'A job is enqueued in a transaction that is rolled back',
  {
    symptom: 'No worker ever sees the job, nor one before the commit',
    defence: 'enqueue',
    remains:
      'A caller that passes the pool instead of `tx` has left the transaction',
  },
  async () => {
    await using jobs = await startTestJobs();
    const seen: unknown[] = [];
    jobs.startWorker({
      pollSeconds: 0.02,
      handlers: {
        mail: async ({ payload }) => void seen.push(payload),
      },
    });
    const client = await jobs.pool.connect();

    for (const end of ['rollback', 'commit']) {
      await client.query('begin');
      await jobs.queue.enqueue(client, [
        { kind: 'mail', payload: end },
      ]);
      await jobs.queue.enqueue(jobs.pool, [
        { kind: 'mail', payload: `before ${end}` },
      ]);
      await waitUntil('a later job is done', () =>
        seen.includes(`before ${end}`),
      );
      await client.query(end);
    }
    client.release();

    await waitUntil('three are done', () => seen.length >= 3);
    expect(seen).toEqual([
      'before rollback',
      'before commit',
      'commit',
    ]);
  },
);

failure(
  'A job fails each time, or ends the process each time',
  {
    symptom:
      'It pauses longer each time; after `maxAttempts` it is in `dead_jobs`, and the log has `job is dead`',
    defence: 'attempt',
    remains:
      'When it ends the process, all jobs in that process lose an attempt',
  },
  async () => {
    await using jobs = await startTestJobs();
    const [poison] = await jobs.queue.enqueue(jobs.pool, [
      { kind: 'killer', payload: {}, maxAttempts: 2 },
    ]);
    for (const attempt of [1, 2]) {
      // A worker takes it, and is never heard of again.
      expect(await jobs.queue.claim(['killer'], 1, 30)).toMatchObject([
        { attempt },
      ]);
      await jobs.passTime(30);
    }
    await jobs.queue.enqueue(jobs.pool, [
      { kind: 'throws', payload: {}, maxAttempts: 3 },
      { kind: 'hopeless', payload: {}, maxAttempts: 3 },
      ...copies(10),
    ]);
    const calls: string[] = [];
    const call = async ({ kind }: { kind: string }) =>
      void calls.push(kind);

    jobs.startWorker({
      pollSeconds: 0.02,
      backoff: () => 0,
      handlers: {
        noop: call,
        killer: call,
        throws: async (job) => {
          await call(job);
          throw new Error('a\0b \ud800'); // Postgres refuses both
        },
        hopeless: async (job) => {
          await call(job);
          throw new HopelessError('no such order');
        },
      },
    });

    await waitUntil('three are dead', () =>
      has(jobs.pool, '(select from dead_jobs having count(*) = 3)'),
    );
    await waitUntil(
      'the others are done',
      async () => !(await jobs.count('jobs')),
    );
    const dead = await jobs.deadJobs.list();
    expect(
      Object.fromEntries(dead.map(({ kind, ...job }) => [kind, job])),
    ).toMatchObject({
      killer: { id: poison, lastError: 'Error: Workers died' },
      throws: { attempts: 3, lastError: 'Error: ab \ufffd' },
      hopeless: {
        attempts: 1,
        lastError: 'HopelessError: no such order',
      },
    });
    expect(calls.toSorted()).toEqual([
      'hopeless',
      ...copies(10).map(({ kind }) => kind),
      'throws',
      'throws',
      'throws',
    ]);
  },
);

failure(
  'A job takes longer than its lease, or its worker stands still for longer',
  {
    symptom:
      'A long job keeps its lease and runs once. What a frozen worker does late is rolled back; its log has `lease lost`',
    defence: 'heartbeat',
    remains:
      'Code that ignores its `signal` goes on after the lease is lost, beside the next attempt',
  },
  async () => {
    await using jobs = await startTestJobs();
    const calls: string[] = [];
    const gate = createGate();
    const long = async () => {
      calls.push('long');
      await gate.opened;
    };
    stopHeartbeats();
    const settings = { leaseSeconds: 30, pollSeconds: 0.05 };
    jobs.startWorker({ ...settings, handlers: { long } });
    jobs.startWorker({ ...settings, handlers: { long } });
    await jobs.queue.enqueue(jobs.pool, [
      { kind: 'long', payload: {} },
    ]);
    await waitUntil('it runs', () => calls.length > 0);
    for (let third = 0; third < 6; third++) {
      await jobs.passTime(10);
      vi.advanceTimersByTime(10_000);
      await waitUntil('its lease is extended', () =>
        has(jobs.pool, `jobs where due_at > now() + interval '20 s'`),
      );
    }
    gate.open();
    await waitUntil(
      'it is done',
      async () => !(await jobs.count('jobs')),
    );
    expect(calls).toEqual(['long']);
    vi.useRealTimers();

    await using frozen = await startExample(jobs.url);
    const invoices = await lockInvoices(jobs.pool);
    await placeOrder(frozen.url);
    await waitUntil('the job waits in its middle', () =>
      hasBlocked(jobs.pool),
    );
    await frozen.signal('SIGSTOP');
    await invoices.unlock();
    await jobs.passTime(30);
    const [taken, awake] = [createGate(), createGate()];
    const { makeInvoice } = createOrders(jobs);
    async function makeItToo(job: Job) {
      taken.open();
      await awake.opened;
      await makeInvoice(job);
    }
    jobs.startWorker({ handlers: { 'make-invoice': makeItToo } });
    await taken.opened;
    await frozen.signal('SIGCONT');
    await waitUntil('the frozen one knows', () =>
      frozen.read().errors.includes('lease lost'),
    );
    expect(await jobs.count('invoices')).toBe(0);
    awake.open();
    await waitUntil(
      'it is done',
      async () => !(await jobs.count('jobs')),
    );
    expect(await jobs.count('invoices')).toBe(1);
  },
);

failure(
  'A NOTIFY is lost',
  {
    symptom:
      'The job begins up to `pollSeconds` later, or when the worker listens again',
    defence: 'claim-in-batches',
    remains:
      'Behind PgBouncer in transaction mode every NOTIFY is lost',
  },
  async () => {
    await using jobs = await startTestJobs();
    const seen: unknown[] = [];
    const note = async ({ payload }: { payload: unknown }) =>
      void seen.push(payload);
    const polling = jobs.startWorker({
      pollSeconds: 0.1,
      handlers: { note },
    });
    await waitUntil('the worker listens', () => listens(jobs.pool));
    // Its first claim and its first ring find one each, at most.
    for (const n of [1, 2, 3]) {
      await jobs.pool.query(
        `insert into jobs (kind, payload, priority, due_at, max_attempts)
         values ('note', '"told to nobody"', 5, now(), 5)`,
      );
      await waitUntil('the poll finds it', () => seen.length === n);
    }
    await polling.stop();

    jobs.startWorker({ pollSeconds: 3600, handlers: { note } });
    await waitUntil('the worker listens', () => listens(jobs.pool));
    await jobs.pool.query(
      `select pg_terminate_backend(pid)
       from pg_stat_activity
       where query = 'listen jobs' and datname = current_database()`,
    );
    await waitUntil(
      'nobody listens',
      async () => !(await listens(jobs.pool)),
    );
    await jobs.queue.enqueue(jobs.pool, [
      { kind: 'note', payload: 'told while nobody listened' },
    ]);
    await waitUntil(
      'the next listen finds it',
      () => seen.length === 4,
    );
  },
);

failure(
  'The database is restarted under load',
  {
    symptom:
      'The log has `jobs cannot be claimed` and `jobs cannot be settled`; each job that was enqueued is done, and nothing waits for a lease',
    defence: 'settle-until-done',
    remains:
      'A claim whose answer is lost with the connection waits for the end of its lease',
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
  'The clocks of worker and database differ by an hour',
  {
    symptom:
      'None: delays and leases last as long as the database says',
    defence: 'claim-jobs',
    remains:
      'A database whose own clock jumps ends leases early, or late',
  },
  async () => {
    await using jobs = await startTestJobs();
    for (const hours of [-1, 1]) {
      vi.useFakeTimers({
        toFake: ['Date'],
        now: Date.now() + hours * 3_600_000,
      });
      try {
        await jobs.queue.enqueue(jobs.pool, [
          { kind: `now ${hours}`, payload: {} },
          { kind: `later ${hours}`, payload: {}, delaySeconds: 60 },
        ]);
        const kinds = [`now ${hours}`, `later ${hours}`];

        const claimed = await jobs.queue.claim(kinds, 10, 30);
        expect(claimed).toMatchObject([{ kind: `now ${hours}` }]);
        expect(await jobs.queue.claim(kinds, 10, 30)).toEqual([]);

        await jobs.queue.extend(claimed, 40);
        expect(
          await jobs.count(
            `jobs where kind = 'now ${hours}'
             and due_at - now() between interval '30 s' and interval '40 s'`,
          ),
        ).toBe(1);
      } finally {
        vi.useRealTimers();
      }
    }
  },
);

failure(
  'A burst of 100,000 jobs comes at once, behind 20,000 delayed ones',
  {
    symptom:
      'All are done within seconds, each once; no worker runs more than its `concurrency` at a time',
    defence: 'settle-in-batches',
    remains:
      'With strict priorities, jobs of a lower one wait until the burst is over',
  },
  async () => {
    await using jobs = await startTestJobs();
    const later = { kind: 'noop', payload: {}, delaySeconds: 3600 };
    await jobs.queue.enqueue(
      jobs.pool,
      Array.from({ length: 20_000 }, () => ({ ...later, priority: 0 })),
    );
    await jobs.queue.enqueue(jobs.pool, copies(100_000));
    const done = new Set<string>();
    const all = createGate();
    let running = 0;
    let most = 0;
    async function noop({ id }: { id: string }) {
      most = Math.max(most, ++running);
      await setImmediate();
      running -= 1;
      if (done.has(id)) throw new Error(`${id} ran twice`);
      if (done.add(id).size === 100_000) all.open();
    }

    let queries = 0;
    for (let n = 0; n < 2; n++) {
      const settings = { concurrency: 100, handlers: { noop } };
      const { pool } = jobs.startWorker(settings);
      pool.on('acquire', () => queries++);
    }
    await all.opened;

    await waitUntil(
      'all are settled',
      async () => (await jobs.count('jobs')) === 20_000,
    );
    expect(most).toBeLessThanOrEqual(200);
    expect(queries).toBeLessThan(10_000);
    expect(jobs.logged).toEqual([]);
  },
);

failure(
  'The worker is stopped while it works',
  {
    symptom:
      'It takes no more jobs, ends what it can within its grace, and gives the rest back: another worker takes them at once',
    defence: 'stop',
    remains:
      'A job that was given back begins anew: what it did outside the database is done twice',
  },
  async () => {
    await using jobs = await startTestJobs();
    const gates = { short: createGate(), long: createGate() };
    const began: string[] = [];
    const work = async ({ kind }: { kind: string }) => {
      began.push(kind);
      await gates[kind as 'short' | 'long'].opened;
    };
    const handlers = { short: work, long: work };
    const worker = jobs.startWorker({ handlers });
    const add = (kind: string) =>
      jobs.queue.enqueue(jobs.pool, [
        { kind, payload: {}, maxAttempts: 1 },
      ]);
    await add('short');
    await add('long');
    await waitUntil('both run', () => began.length === 2);

    const stopped = worker.stop(1);
    gates.short.open();
    await add('short');
    await stopped;

    expect(began).toEqual(['short', 'long']);
    expect(
      await jobs.queue.claim(['long', 'short'], 10, 30),
    ).toMatchObject([
      { kind: 'short', attempt: 1, maxAttempts: 1 },
      { kind: 'long', attempt: 2, maxAttempts: 2 },
    ]);

    await add('short');
    const table = await lock(jobs.pool, 'jobs');
    const late = jobs.startWorker({ handlers });
    await waitUntil('its claim waits', () => hasBlocked(jobs.pool));
    const ended = late.stop();
    await table.unlock();
    await ended;
    expect(began).toHaveLength(2);
    expect(await jobs.queue.claim(['short'], 1, 30)).toMatchObject([
      { attempt: 2, maxAttempts: 2 },
    ]);

    const program = await startExample(jobs.url);
    const invoices = await lockInvoices(jobs.pool);
    await placeOrder(program.url);
    await waitUntil('the job waits in its middle', () =>
      hasBlocked(jobs.pool),
    );
    await program.signal('SIGTERM');
    await invoices.unlock();
    // SIGCONT changes nothing: we wait for its end.
    expect(await program.kill('SIGCONT')).toBe(0);
    expect(await jobs.count('invoices')).toBe(1);
  },
);

const copies = (length: number): NewJob[] =>
  Array.from({ length }, (_, n) => ({ kind: 'noop', payload: { n } }));

const listens = (pool: Pool) =>
  has(
    pool,
    `pg_stat_activity
     where query = 'listen jobs' and state = 'idle'
       and datname = current_database()`,
  );

const startExample = (url: string) =>
  startProgram(MAIN, {
    DATABASE_URL: url,
    PORT: '0',
    LEASE_SECONDS: '30',
  });

async function placeOrder(url: string) {
  expect((await createClient(url).placeOrder()).status).toBe(201);
}

/** A server that goes away while jobs are enqueued and done, and comes back. */
async function restartUnderLoad(folder: string) {
  const first = await startPostgres({ dataFolder: folder });
  await using proxy = await startTcpProxy(portOf(first.url));
  const url = first.url.replace(
    /:\d+\/postgres$/,
    `:${proxy.port}/postgres`,
  );
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on('error', () => {});
  await pool.query(readFileSync(SCHEMA, 'utf8'));
  const queue = createJobQueue({ pool });
  const workers = createTestWorkers(url);
  const done = new Set<number>();
  const noop = async ({ payload }: { payload: unknown }) =>
    void done.add((payload as { n: number }).n);
  for (let n = 0; n < 2; n++)
    workers.start({ handlers: { noop }, pollSeconds: 0.1 });

  const enqueued: number[] = [];
  let enough = false;
  async function load() {
    for (let n = 0; !enough; n++) {
      const job = { kind: 'noop', payload: { n } };
      await queue.enqueue(pool, [job]).then(
        () => enqueued.push(n),
        () => {}, // the caller has an error, and no promise
      );
    }
  }
  const loading = load();
  await waitUntil('the load is on', () => done.size > 100);
  await first[Symbol.asyncDispose]();
  await waitUntil('the workers notice', () =>
    workers.logged.some(({ message }) => message.includes('claimed')),
  );
  await using second = await startPostgres({ dataFolder: folder });
  proxy.pointTo(portOf(second.url));
  const before = done.size;
  await waitUntil(
    'the load is on again',
    () => done.size > before + 100,
  );
  enough = true;
  await loading;
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
