import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { startProgram } from '@touchstone/kit/programs/program';
import { startTcpProxy } from '@touchstone/kit/proxies/tcp-proxy';
import { createClient } from '@touchstone/kit/testing/client';
import { failure } from '@touchstone/kit/testing/failure';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import { Pool } from 'pg';
import { expect, test, vi } from 'vitest';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import { createDeadJobs } from './dead-jobs.ts';
import type { Job } from './job.ts';
import { keepLeases } from './job-leases.ts';
import { chooseRetry, PermanentError } from './job-outcomes.ts';
import { createJobQueue } from './job-queue.ts';
import { type Handler, startJobWorker } from './job-worker.ts';
import { listenForWakeUps } from './listen-for-wake-ups.ts';
import { createOrders } from './orders.ts';
import { backOffMs, startWorker } from './start-worker.ts';
import {
  count,
  createGate,
  createTestWorkers,
  hasBlocked,
  listens,
  lockTable,
  openWorkerPool,
  passTime,
  SCHEMA,
  startTestJobs,
  stopHeartbeats,
} from './test-jobs.ts';
import { startNetwork } from './test-network.ts';
import { startTestWorker, stopTime } from './test-worker.ts';

const MAIN = new URL('main.ts', import.meta.url);
const noop = async () => {};
const hang = () => new Promise<never>(() => {});

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
    const invoices = await lockTable(jobs.pool, 'invoices');
    await placeOrder(first.url);
    await untilBlocked(jobs.pool);

    await first.kill('SIGKILL');
    await invoices.unlock();
    await using second = await startExample(jobs.url);
    await placeOrder(second.url);
    await waitUntil('the other order has its invoice', async () =>
      Boolean(await jobs.count('invoices where order_id = 2')),
    );
    expect(await jobs.count('invoices')).toBe(1);
    await jobs.passTime(30);
    await jobs.untilDone();
    expect(await jobs.count('invoices where order_id = 1')).toBe(1);
  },
);

test('Two workers reach for one job', async () => {
  await using jobs = await startTestJobs();
  await jobs.queue.enqueue(jobs.pool, copies(4));
  const client = await jobs.pool.connect();
  await client.query('begin');
  const inside = Object.assign(new Pool(), {
    query: client.query.bind(client),
  });

  const some = createJobQueue({ pool: inside });
  const claims = [
    await some.claim(['noop'], 1, 30),
    await jobs.queue.claim(['noop'], 2, 30),
    await jobs.queue.claim(['noop'], 2, 30),
  ];

  await client.query('commit');
  client.release();
  expect(claims.map((claimed) => claimed.length)).toEqual([1, 2, 1]);
  const ids = claims.flat().map(({ id }) => id);
  expect(ids.toSorted()).toEqual(['1', '2', '3', '4']);
});

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
      'Each kind keeps its job; of one kind and key, the last one waits',
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
      { payload: 4 },
    ]);
  },
);

test('Calls that lock the same keys in opposite orders do not deadlock', async () => {
  await using jobs = await startTestJobs();
  const keys = Array.from({ length: 300 }, (_, n) => `${n}`);
  const refresh = (uniqueKey: string) => ({ kind: 'a', uniqueKey });
  const forwards = keys.map(refresh);
  await jobs.queue.enqueue(jobs.pool, forwards);

  const calls = Array.from({ length: 60 }, (_, n) =>
    jobs.queue.enqueue(
      jobs.pool,
      n % 2 ? forwards : forwards.toReversed(),
    ),
  );

  await Promise.all(calls);
  expect(await jobs.count('jobs')).toBe(300);
});

test('A key holds its job back until the change that it is about is committed', async () => {
  await using jobs = await startTestJobs();
  const refresh = { kind: 'refresh', uniqueKey: '7', payload: 2 };
  const [first] = await jobs.add('refresh', { uniqueKey: '7' });

  await inTransaction(jobs.pool, async (tx) => {
    expect(await jobs.queue.enqueue(tx, [refresh])).toEqual([first]);
    expect(await jobs.queue.claim(['refresh'], 9, 30)).toEqual([]);
  });

  expect(await jobs.queue.claim(['refresh'], 9, 30)).toMatchObject([
    { payload: 2 },
  ]);
});

test('A key keeps the earlier of two times', async () => {
  await using jobs = await startTestJobs();
  for (const [kind, ...delays] of [
    ['sooner', 3600, 0],
    ['later', 0, 3600],
  ] as const)
    for (const delaySeconds of delays)
      await jobs.add(kind, { uniqueKey: '7', delaySeconds });

  const kinds = ['later', 'sooner'];
  expect(await jobs.queue.claim(kinds, 9, 30)).toHaveLength(2);
});

test('A payload that Postgres cannot store, or that is huge, throws before the transaction sees it', async () => {
  await using jobs = await startTestJobs();
  const { enqueue } = jobs.queue;
  const most = 'x'.repeat(100_000 - '{"kind":"a","payload":""}'.length);

  await inTransaction(jobs.pool, async (tx) => {
    for (const payload of ['\0', '\ud800', ['\\\0'], { '\udfff': 1 }])
      await expect(
        enqueue(tx, [{ kind: 'a', payload }]),
      ).rejects.toThrow('a: a text has NUL or half a character');
    await expect(
      enqueue(tx, [{ kind: 'a', payload: `${most}x` }]),
    ).rejects.toThrow('a: a job has at most 100,000 bytes');
    for (const payload of [null, '\\u0000', '\u{1f600}', most])
      await enqueue(tx, [{ kind: 'a', payload }]);
    await enqueue(tx, [{ kind: 'a' }]);
    expect(await enqueue(tx, [])).toEqual([]);
  });

  const claimed = await jobs.queue.claim(['a'], 9, 30);
  const payloads = claimed.map(({ payload }) => payload);
  expect(new Set(payloads)).toEqual(
    new Set([null, '\\u0000', '\u{1f600}', most]),
  );
  expect(claimed).toHaveLength(5);
});

failure(
  'A job fails each time, or ends the process each time',
  {
    symptom:
      'It pauses longer each time; after `maxAttempts` it is in `dead_jobs`, and the log has `job is dead`',
    defence: 'judge',
    remains:
      'When it ends the process, all jobs in that process lose an attempt',
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
          throw new PermanentError(`no such order${'!'.repeat(1000)}`);
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
    expect(rows[0].last_error).toBe('PermanentError: Its workers died');
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

test('A job is retried after a pause that grows, and is done', async () => {
  await using jobs = await startTestJobs();
  const attempts: number[] = [];
  await jobs.add('flaky');
  jobs.startWorker({
    handlers: {
      flaky: async ({ attempt }) => {
        attempts.push(attempt);
        if (attempt < 3) throw new Error('not yet');
      },
    },
    chooseRetry: (attempt) => attempt * 1000,
    pollSeconds: 0.05,
  });

  for (const attempt of [1, 2]) {
    const waiting = `jobs where last_error = 'Error: not yet'
      and max_attempts = 20
      and due_at - now() between make_interval(secs => ${attempt * 1000 - 60})
                             and make_interval(secs => ${attempt * 1000})`;
    await waitUntil('it waits for its retry', async () =>
      Boolean(await jobs.count(waiting)),
    );
    await jobs.passTime(attempt * 1000);
  }

  await jobs.untilDone();
  expect(attempts).toEqual([1, 2, 3]);
});

test('Pauses before a retry differ, and end at an hour', () => {
  const bounds = [1, 2, 3, 20].map((attempt) => [
    chooseRetry(attempt, () => 0),
    chooseRetry(attempt, () => 1),
  ]);
  expect(bounds).toEqual([
    [0.5, 1],
    [1, 2],
    [2, 4],
    [1800, 3600],
  ]);
  expect(chooseRetry(1)).not.toBe(chooseRetry(1));
});

failure(
  'A job takes longer than its lease, or its worker is frozen for longer',
  {
    symptom:
      'A long job keeps its lease and runs once. What a frozen worker does late is rolled back; its log has `lease lost`',
    defence: 'heartbeat',
    remains:
      'Code that ignores its `signal` goes on after the lease is lost, beside the next attempt',
  },
  async () => {
    await using jobs = await startTestJobs();
    await keepLeaseOfLongJob(jobs);

    await using frozen = await startExample(jobs.url);
    const invoices = await lockTable(jobs.pool, 'invoices');
    await placeOrder(frozen.url);
    await untilBlocked(jobs.pool);
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
    await jobs.passTime(30);
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

test('A lease is extended three times, and given up before it ends', async () => {
  using _ = stopHeartbeats();
  const log = createTestLog();
  const lost: Job[] = [];
  const taken = createJob('taken');
  const extended: string[][] = [];
  let isAway = false;
  const leases = keepLeases({
    queue: {
      extend: async (jobs) => {
        extended.push(jobs.map(({ kind }) => kind));
        if (isAway) throw new Error('away');
        return new Set(
          jobs.filter((job) => job !== taken).map(({ id }) => id),
        );
      },
    },
    leaseSeconds: 30,
    onLost: (job) => void lost.push(job),
    log,
  });
  const beat = () => {
    vi.advanceTimersByTime(10_000);
    return setImmediate();
  };
  const [kept, done, released] = ['kept', 'done', 'released'].map(
    createJob,
  );
  if (!kept || !done || !released) throw new Error('no jobs');
  await beat();
  for (const job of [taken, kept, done, released])
    leases.hold(job, performance.now() - 9999);
  done.completed = true;
  await beat();
  expect(lost).toEqual([taken]);
  leases.release(taken);
  leases.release(released);
  await beat();
  expect(extended).toEqual([['taken', 'kept', 'released'], ['kept']]);

  isAway = true;
  await beat(); // the last answer is 10 s old
  expect(lost).toEqual([taken]);
  await beat();
  expect(lost).toEqual([taken, kept]);
  expect(log.entries).toHaveLength(2);
  expect(log.entries[0]).toMatchObject({
    message: 'leases cannot be extended',
    details: { error: new Error('away') },
  });
  leases.stop();
  await beat();
  expect(extended).toHaveLength(4);
});

test('The lease of a job counts from before its claim was answered', async () => {
  await using jobs = await startTestJobs();
  await jobs.add('slow');
  const table = await lockTable(jobs.pool, 'jobs');
  const signals: AbortSignal[] = [];
  const slow: Handler = (_job, signal) => {
    signals.push(signal);
    return hang();
  };
  using _ = stopHeartbeats();
  jobs.startWorker({ handlers: { slow }, answerSeconds: 60 });
  await untilBlocked(jobs.pool);
  vi.advanceTimersByTime(19_999);
  await table.unlock();
  await waitUntil('it runs', () => signals.length > 0);

  vi.advanceTimersByTime(1);

  expect(signals[0]?.reason).toMatchObject({ code: 'lease_lost' });
});

test('A handler that completes its job first holds up no lease of another job', async () => {
  await using jobs = await startTestJobs();
  await jobs.add('first');
  await jobs.add('other');
  const [other, first] = await jobs.queue.claim(
    ['first', 'other'],
    2,
    30,
  );
  if (!first || !other) throw new Error('nothing was claimed');
  const [locked, done] = [createGate(), createGate()];
  const completing = inTransaction(jobs.pool, async (tx) => {
    await jobs.queue.complete(tx, first);
    locked.open();
    await done.opened;
  });
  await locked.opened;

  const held = [first, other];
  const ours = await jobs.queue.extend(held, 60);
  done.open();
  await completing;

  expect(ours).toEqual(new Set([first.id, other.id]));
  expect(await jobs.queue.extend(held, 60)).toEqual(
    new Set([other.id]),
  );
});

test('A handler that completed its job and was cut off, or failed, is judged by its row', async () => {
  await using jobs = await startTestJobs();
  const kinds = ['cut', 'done', 'failed'];
  for (const kind of kinds) await jobs.add(kind);
  const finished = createGate();
  const complete: Handler = (job) =>
    inTransaction(jobs.pool, async (tx) => {
      await jobs.queue.complete(tx, job);
      if (job.kind === 'failed') throw new Error('no');
      if (job.kind === 'done') return;
      worker.cut(job, 'timed_out');
      await finished.opened;
    });

  const handlers = Object.fromEntries(
    kinds.map((kind) => [kind, complete]),
  );
  const worker = jobs.startWorker({ handlers });

  await waitUntil('one waits for its retry', async () =>
    Boolean(await jobs.count(`jobs where last_error = 'Error: no'`)),
  );
  await waitUntil(
    'one is done',
    async () => (await jobs.count('jobs')) === 2,
  );
  await worker.stop(0); // it does not wait for the lock
  finished.open();
  await waitUntil(
    'the other is committed',
    async () => (await jobs.count('jobs')) === 1,
  );
  expect(jobs.logged).toMatchObject([{ message: 'job failed' }]);
});

test('A job is completed once, by the attempt that holds it', async () => {
  await using jobs = await startTestJobs();
  await jobs.add('bill');
  const [old] = await jobs.queue.claim(['bill'], 1, 30);
  await jobs.passTime(30);
  const [job] = await jobs.queue.claim(['bill'], 1, 30);
  if (!old || !job) throw new Error('nothing was claimed');

  await expect(jobs.queue.complete(jobs.pool, old)).rejects.toThrow(
    'The lease ended before the work did',
  );
  await jobs.queue.complete(jobs.pool, job);
  await expect(
    jobs.queue.complete(jobs.pool, job),
  ).rejects.toMatchObject({
    code: 'lease_lost',
  });
  expect([old.completed, job.completed]).toEqual([undefined, true]);
});

test('A NOTIFY is lost', async () => {
  await using jobs = await startTestJobs();
  const seen: unknown[] = [];
  const note: Handler = async (job) => void seen.push(job.payload);
  const handlers = { note };
  const polling = jobs.startWorker({ pollSeconds: 0.1, handlers });
  for (const n of [1, 2, 3]) {
    await jobs.add('note', { payload: n });
    await waitUntil('the poll finds it', () => seen.length === n);
  }
  await polling.stop();

  const { wake } = jobs.startWorker({ pollSeconds: 3600, handlers });
  await jobs.listen(wake);
  await waitUntil('it has heard what it missed', async () => {
    await jobs.add('note');
    return seen.length > 3;
  });
  await jobs.pool.query(
    `select pg_terminate_backend(pid)
       from pg_stat_activity
       where query = 'listen "jobs"' and datname = current_database()`,
  );
  await waitUntil(
    'nobody listens',
    async () => !(await listens(jobs.pool)),
  );
  await jobs.add('note', { payload: 'while nobody listened' });
  await waitUntil('the next listen finds it', () =>
    seen.includes('while nobody listened'),
  );
  await jobs.untilDone();
});

test('A listener wakes at each NOTIFY on its channel, and stops in bounded time', async () => {
  await using jobs = await startTestJobs();
  await using network = await startNetwork(jobs.url);
  const log = createTestLog();
  let woken = 0;
  const wake = () => void woken++;
  const channel = 'Other jobs';
  const common = { wake, log, channel };
  await using listener = listenForWakeUps({
    ...common,
    connectionString: network.url,
  });
  await waitUntil('it listens', () => woken === 1);
  await jobs.pool.query(`notify "Other jobs"`);
  await jobs.pool.query(`notify jobs`);
  await waitUntil('it is woken', () => woken === 2);

  network.swallow();
  await listener.stop();
  expect(log.entries).toEqual([]);
  await waitUntil('its connection is closed', () => network.isEmpty());

  const lost = listenForWakeUps({
    ...common,
    connectionString: 'postgres://127.0.0.1:1/x',
  });
  await waitUntil('it says so twice', () => log.entries.length === 2);
  await lost.stop();
  expect(log.entries[0]).toMatchObject({
    level: 'warn',
    message: 'nobody listens',
    details: { error: { code: 'ECONNREFUSED' } },
  });
  expect(woken).toBe(2);
});

failure(
  'The database is restarted under load',
  {
    symptom:
      'The log has `nothing can be claimed` and `ends cannot be recorded`; each job that was enqueued is done, and none is dead',
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
  'Connections fall silent, as after a failover, or a server accepts them and never answers',
  {
    symptom:
      'Each statement fails after `answerSeconds`, and the next one takes a new connection; a pool without `connectionTimeoutMillis` is refused',
    defence: 'start-job-worker',
    remains:
      'Jobs that run for longer than two thirds of a lease meanwhile are cut off, and run again',
  },
  async () => {
    await using jobs = await startTestJobs();
    await using network = await startNetwork(jobs.url);
    await using workers = createTestWorkers(network.url);
    const done: unknown[] = [];
    const note: Handler = async (job) => void done.push(job.payload);
    const worker = workers.startWorker({
      handlers: { note },
      answerSeconds: 0.2,
      pollSeconds: 0.02,
    });
    await jobs.queue.enqueue(jobs.pool, copies(20, 'note'));
    await jobs.untilDone();

    network.swallow();
    await jobs.queue.enqueue(jobs.pool, copies(10, 'note'));
    await jobs.untilDone();
    expect(done).toHaveLength(30);
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

test('Delays and leases last as long as the database says, also when the clock of the worker is an hour off', async () => {
  await using jobs = await startTestJobs();
  for (const hours of [-1, 1]) {
    const now = Date.now() + hours * 3_600_000;
    vi.useFakeTimers({ toFake: ['Date'], now });
    try {
      await jobs.add('soon');
      await jobs.add('late', { delaySeconds: 60 });

      const kinds = ['soon', 'late'];
      const claimed = await jobs.queue.claim(kinds, 10, 30);
      expect(claimed).toMatchObject([{ kind: 'soon' }]);
      expect(await jobs.queue.claim(kinds, 10, 30)).toEqual([]);
      const leased = (from: number, to: number) =>
        jobs.count(
          `jobs where attempts = 1
             and due_at - now() between interval '${from} s'
                                    and interval '${to} s'`,
        );
      expect(await leased(25, 30)).toBe(1);
      await jobs.queue.extend(claimed, 60);
      expect(await leased(55, 60)).toBe(1);
      await jobs.passTime(59);
      expect(await jobs.queue.claim(['late'], 10, 30)).toEqual([]);
      await jobs.passTime(1);
      expect(await jobs.queue.claim(['late'], 10, 30)).toHaveLength(1);
      await jobs.pool.query('delete from jobs');
    } finally {
      vi.useRealTimers();
    }
  }
});

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

test('Due jobs are found by the index, also behind a backlog of another kind and without statistics', async () => {
  await using jobs = await startTestJobs();
  await jobs.queue.enqueue(jobs.pool, copies(10_000));
  await jobs.queue.enqueue(jobs.pool, copies(3, 'urgent'));
  const pool = openWorkerPool(jobs.url);
  const kinds = ['urgent', 'other'];

  await createJobQueue({ pool }).claim(kinds, 100, 30);

  await pool.end(); // a connection that ends reports what it has read
  await waitUntil('it is reported', async () =>
    Boolean(
      await jobs.count('pg_stat_user_indexes where idx_scan > 0'),
    ),
  );
  const { rows } = await jobs.pool.query(
    `select idx_tup_read::int as read
     from pg_stat_user_indexes
     where indexrelname = 'jobs_in_turn'`,
  );
  expect(rows[0].read).toBeLessThan(10);
});

failure(
  'A handler hangs, and ignores its signal',
  {
    symptom:
      'After `limitSeconds` it is cut off and the attempt has failed; its place is free for other jobs',
    defence: 'run',
    remains:
      'The handler goes on, beside the next attempt, and keeps what it holds',
  },
  async () => {
    await using jobs = await startTestJobs();
    const signals: AbortSignal[] = [];
    const ran: string[] = [];
    await jobs.add('hang', { maxAttempts: 1 });

    jobs.startWorker({
      concurrency: 1,
      limitSeconds: 0.1,
      pollSeconds: 0.02,
      handlers: {
        hang: (_job, signal) => {
          signals.push(signal);
          return hang();
        },
        noop: async ({ kind }) => void ran.push(kind),
      },
    });

    await waitUntil('it hangs', () => signals.length === 1);
    await jobs.add('noop');
    await jobs.untilDone();
    expect(ran).toEqual(['noop']);
    expect(signals[0]?.reason).toMatchObject({ code: 'timed_out' });
    expect(await jobs.deadJobs.list()).toMatchObject([
      {
        attempts: 1,
        lastError:
          'CutOffError: The work took longer than its time limit',
      },
    ]);
  },
);

test('Outcomes that the database refuses are told again, their jobs keep their places, and a stop does not wait for them', async () => {
  await using jobs = await startTestJobs();
  const refusal = await refuseOutcomes(jobs.pool);
  await jobs.queue.enqueue(jobs.pool, copies(6));
  let runs = 0;
  const settings = {
    handlers: { noop: async () => void runs++ },
    concurrency: 3,
    pollSeconds: 0.02,
  };
  const worker = jobs.startWorker(settings);

  const refused = () => jobs.logged.map(({ details }) => details);
  await waitUntil('it is refused again', () => refused().length >= 3);
  expect(runs).toBe(3);
  expect(refused().slice(0, 3)).toMatchObject([
    { failed: 1, error: { message: 'not now' } },
    { failed: 2 },
    { failed: 3 },
  ]);
  const began = performance.now();
  await refusal.end();
  await jobs.untilDone();
  expect(runs).toBe(6);
  expect(performance.now() - began).toBeLessThan(10_000);
  await worker.stop();

  await refuseOutcomes(jobs.pool);
  await jobs.queue.enqueue(jobs.pool, copies(1));
  const second = jobs.startWorker(settings);
  const before = refused().length;
  await waitUntil('it is refused', () => refused().length > before);
  await second.stop(0);
  const after = refused().length;
  await jobs.startWorker({ ...settings, handlers: {} }).stop();
  expect(refused().length).toBe(after);
  expect(await jobs.count('jobs')).toBe(1);
});

test('The log says that an outcome came too late', async () => {
  await using jobs = await startTestJobs();
  const [begun, end] = [createGate(), createGate()];
  const slow: Handler = async () => {
    begun.open();
    await end.opened;
  };
  await jobs.add('slow');
  jobs.startWorker({ handlers: { slow } });
  await begun.opened;
  await jobs.passTime(30);
  await jobs.queue.claim(['slow'], 1, 30);

  end.open();

  await waitUntil('it says so', () => jobs.logged.length > 0);
  expect(jobs.logged).toMatchObject([
    { level: 'warn', message: 'lease lost', details: { attempt: 1 } },
  ]);
});

failure(
  'The worker is stopped while it works',
  {
    symptom:
      'It takes no more jobs, ends what it can within its grace, and gives the rest back without counting the attempt',
    defence: 'stop',
    remains:
      'A job that was given back begins again: what it did outside the database is done twice',
  },
  async () => {
    await using jobs = await startTestJobs();
    await stopInTheMiddle(jobs);
    await stopWithLeases(jobs);

    const table = await lockTable(jobs.pool, 'jobs');
    const late = jobs.startWorker({ handlers: { short: hang } });
    await untilBlocked(jobs.pool);
    const ended = late.stop();
    await table.unlock();
    await ended;
    expect(await jobs.queue.claim(['short'], 1, 30)).toMatchObject([
      { attempt: 2, maxAttempts: 2 },
    ]);

    const program = await startExample(jobs.url);
    const invoices = await lockTable(jobs.pool, 'invoices');
    await placeOrder(program.url);
    await untilBlocked(jobs.pool);
    await program.signal('SIGTERM');
    await invoices.unlock();
    // SIGCONT changes nothing: this waits for its end.
    expect(await program.kill('SIGCONT')).toBe(0);
    expect(await jobs.count('invoices')).toBe(1);
  },
);

test('Old dead jobs are purged in batches, and one runs again unless a newer one waits', async () => {
  await using jobs = await startTestJobs();
  const { deadJobs, pool, queue } = jobs;
  for (const uniqueKey of ['a', 'b', 'c'])
    await jobs.add('fail', { uniqueKey, maxAttempts: 3, payload: 7 });
  await bury(jobs, 3);
  const [c, b, a] = await deadJobs.list();
  expect(await deadJobs.list(1)).toEqual([c]);
  expect(await jobs.count('dead_jobs')).toBe(3);

  await jobs.add('fail', { uniqueKey: 'a', payload: 'newer' });
  expect(await deadJobs.revive(`${a?.id}`)).toBe(false);
  expect(await deadJobs.revive(`${b?.id}`)).toBe(true);
  expect(await deadJobs.revive(`${b?.id}`)).toBe(false);
  const claimed = await queue.claim(['fail'], 9, 30);
  expect(claimed.map(({ payload }) => payload)).toEqual(['newer', 7]);
  expect(claimed[1]).toMatchObject({ attempt: 1, maxAttempts: 3 });
  expect(await deadJobs.list()).toEqual([c, a]);

  await age(pool, `${a?.id}`, 31);
  await age(pool, `${c?.id}`, 29);
  expect(await deadJobs.purge(30)).toBe(1);
  expect(await deadJobs.list()).toMatchObject([{ id: c?.id }]);
  await age(pool, `${c?.id}`, 31);
  await pool.query(
    `insert into dead_jobs
       select id + 1000 * n, kind, payload, unique_key, attempts,
              max_attempts, last_error, created_at,
              died_at - interval '1 day'
       from dead_jobs, generate_series(1, 1000) as n`,
  );
  expect(await deadJobs.purge(30, 400)).toBe(400);
  expect(await deadJobs.purge(30)).toBe(600 + 1);
  expect(await deadJobs.purge(30)).toBe(0);
});

test('Dead jobs are purged each hour, and a purge that fails is logged', async () => {
  await using jobs = await startTestJobs();
  await jobs.add('fail');
  await bury(jobs, 1);
  await age(jobs.pool, '1', 31);
  const log = createTestLog();
  const away = openWorkerPool('postgres://127.0.0.1:1/x');
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const purging = jobs.deadJobs.startPurging(30, log);
  const failing = createDeadJobs({ pool: away }).startPurging(30, log);
  vi.advanceTimersByTime(3_599_999);
  expect(await jobs.count('dead_jobs')).toBe(1);
  vi.advanceTimersByTime(1);
  await jobs.untilDead(0);
  await waitUntil('it is logged', () => log.entries.length > 0);
  purging.stop();
  failing.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  expect(log.entries).toMatchObject([
    {
      level: 'warn',
      message: 'dead jobs are not purged',
      details: { error: { code: 'ECONNREFUSED' } },
    },
  ]);
});

test('A revived job wakes a worker', async () => {
  await using jobs = await startTestJobs();
  const ran = createGate();
  await jobs.add('fail');
  await bury(jobs, 1);
  const handlers = { fail: async () => ran.open() };
  const { wake } = jobs.startWorker({ pollSeconds: 3600, handlers });
  await jobs.listen(wake);
  const [dead] = await jobs.deadJobs.list();

  await jobs.deadJobs.revive(`${dead?.id}`);

  await ran.opened;
});

test('A claim that fails is repeated after pauses, and a health check reports it after a minute', async () => {
  using _ = stopTime();
  const worker = startTestWorker({ pollSeconds: 5 });
  worker.failWith(new Error('away'));
  await worker.pass(60_000);
  await worker.check();
  await worker.pass(7_000);
  await expect(worker.check()).rejects.toThrow(
    'test: no success for 67 s',
  );
  const { length } = worker.log.entries;
  expect(length).toBeGreaterThan(10);
  expect(length).toBeLessThan(25);
  expect(worker.log.entries[1]).toMatchObject({
    level: 'warn',
    message: 'nothing can be claimed',
    details: { name: 'test', failures: 2, error: new Error('away') },
  });
  const [least, most] = [backOffMs(1), backOffMs(20)];
  expect(least).toBeGreaterThanOrEqual(100);
  expect(least).toBeLessThanOrEqual(200);
  expect(most).toBeGreaterThanOrEqual(5000);
  expect(most).toBeLessThanOrEqual(10_000);

  worker.failWith(undefined);
  await worker.pass(10_000);
  await worker.check();
  const claims = worker.limits.length;
  await worker.pass(4999);
  expect(worker.limits.length).toBeLessThanOrEqual(claims + 1);
  await worker.pass(5000);
  expect(worker.limits.length - claims).toBeLessThanOrEqual(2);
  await worker.stop();
});

test('The loop fills its places, claims again while answers are full, and hears a wake that comes during a claim', async () => {
  using _ = stopTime();
  const gates = Array.from({ length: 6 }, createGate);
  const worker = startTestWorker({
    concurrency: 2,
    pollSeconds: 3600,
    work: ({ n }) => gates[n]?.opened ?? noop(),
  });
  worker.add(0, 1, 2);
  worker.wake(); // the first claim is on its way
  await worker.pass(0);
  expect(worker.limits).toEqual([2, 2]);
  expect(worker.begun).toEqual([0, 1]);

  await worker.pass(3_700_000 - 3_599_000);
  await worker.check(); // full is healthy
  gates[0]?.open();
  await worker.pass(0);
  expect(worker.begun).toEqual([0, 1, 2]);
  expect(worker.limits).toEqual([2, 2, 1]);
  gates[1]?.open();
  gates[2]?.open();
  await worker.pass(0);
  expect(worker.limits).toEqual([2, 2, 1, 2]);
  worker.add(6);
  worker.wake();
  await worker.pass(0);
  expect(worker.begun).toEqual([0, 1, 2, 6]);
  worker.add(7);
  await worker.pass(3_599_999);
  expect(worker.begun).toHaveLength(4);
  await worker.pass(1);
  expect(worker.begun).toHaveLength(5);
  expect(worker.settled.map(({ status }) => status)).toEqual(
    Array(5).fill('fulfilled'),
  );
  await worker.stop();
});

test('The loop survives work that throws, and records an end until it succeeds', async () => {
  using _ = stopTime();
  let isAway = true;
  const worker = startTestWorker({
    concurrency: 1,
    pollSeconds: 3600,
    work: () => {
      throw new Error('at once');
    },
    settle: async ([end]) => {
      // The work has ended: nothing is left to cut off.
      if (end) worker.cut(end.item, 'lease_lost');
      if (isAway) throw new Error('not recorded');
    },
  });
  worker.add(0, 1);
  worker.wake();
  await worker.pass(0);
  await worker.pass(3_660_000);
  await worker.check();
  await worker.pass(1001);
  await expect(worker.check()).rejects.toThrow('test: no success');
  const { entries } = worker.log;
  await waitUntil('it is repeated', () => entries.length >= 2);
  expect(worker.begun).toEqual([0]);
  isAway = false;
  await waitUntil('the next one begins', () => worker.begun.length > 1);
  await worker.pass(0);

  await worker.check();
  expect(worker.settled.at(-1)).toMatchObject({
    status: 'rejected',
    reason: { message: 'at once' },
  });
  expect(entries.slice(0, 2)).toMatchObject([
    {
      level: 'warn',
      message: 'ends cannot be recorded',
      details: {
        name: 'test',
        failed: 1,
        error: { message: 'not recorded' },
      },
    },
    { details: { failed: 2 } },
  ]);
  await worker.stop();
});

test('A stop lets work end within its grace, cuts the rest off, and ends five seconds later whatever hangs', async () => {
  using _ = stopTime();
  const gate = createGate();
  const worker = startTestWorker({
    work: ({ n }) => (n === 0 ? gate.opened : hang()),
    settle: (batch) =>
      batch.some(({ item }) => item.n === 2) ? hang() : noop(),
  });
  worker.add(0, 1, 2);
  worker.wake();
  await worker.pass(0);
  let stopped = false;
  const stopping = worker.stop().then(() => {
    stopped = true;
  });
  worker.add(3);
  await worker.pass(9999);
  gate.open();
  await worker.pass(0);
  expect(worker.settled).toMatchObject([{ status: 'fulfilled' }]);
  await worker.pass(1);
  expect(worker.settled.slice(1)).toMatchObject([
    { status: 'rejected', reason: { code: 'stopped' } },
    { status: 'rejected', reason: { name: 'CutOffError' } },
  ]);
  await worker.pass(4999);
  expect(stopped).toBe(false);
  await worker.pass(1);
  await stopping;
  expect(worker.begun).toEqual([0, 1, 2]);

  const idle = startTestWorker({});
  await idle.pass(0);
  await idle[Symbol.asyncDispose]();
  expect(idle.limits).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
});

test('A worker whose claim hangs is stopped in bounded time, and begins nothing later', async () => {
  using _ = stopTime();
  const claimed = createGate();
  const settled: unknown[] = [];
  const begun: unknown[] = [];
  const worker = startWorker({
    name: 'test',
    claim: async () => {
      await claimed.opened;
      return [{ n: 1 }];
    },
    work: async (item) => void begun.push(item),
    settle: async (batch) => void settled.push(...batch),
    log: createTestLog(),
  });
  const stopping = worker.stop(1);
  await vi.advanceTimersByTimeAsync(6000);
  await stopping;

  claimed.open();
  await vi.advanceTimersByTimeAsync(0);
  await setImmediate();

  expect(begun).toEqual([]);
  expect(settled).toEqual([]);
});

test('Work is cut off at its limit, and not when it is done before', async () => {
  using _ = stopTime();
  const worker = startTestWorker({
    limitSeconds: 2,
    work: ({ n }, signal) => {
      signals.push(signal);
      return n === 0 ? noop() : hang();
    },
  });
  const signals: AbortSignal[] = [];
  worker.add(0, 1);
  worker.wake();
  await worker.pass(0);
  await worker.pass(1999);
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  await worker.pass(1);
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
  expect(worker.settled).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: { code: 'timed_out' } },
  ]);
  await worker.stop();
});

test('Settings that Node or Postgres would take for none are refused', () => {
  for (const setting of ['concurrency', 'pollSeconds', 'limitSeconds'])
    for (const value of [0, -1, Number.NaN, 86_401])
      expect(() => startTestWorker({ [setting]: value })).toThrow(
        `${setting} must be above 0, at most 86400`,
      );
  const pool = openWorkerPool('postgres://127.0.0.1:1/x');
  expect(() => createJobQueue({ pool, answerSeconds: 0 })).toThrow(
    'answerSeconds must be above 0, at most 86400',
  );
  const log = createTestLog();
  expect(() =>
    startJobWorker({ pool, handlers: {}, log, leaseSeconds: 0 }),
  ).toThrow('leaseSeconds must be above 0, at most 86400');
});

const copies = (length: number, kind = 'noop') =>
  Array.from({ length }, (_, n) => ({ kind, payload: { n } }));

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

const createJob = (kind: string): Job => ({
  id: kind,
  kind,
  payload: {},
  attempt: 1,
  maxAttempts: 1,
});

const untilBlocked = (pool: Pool) =>
  waitUntil('a statement waits for a lock', () => hasBlocked(pool));

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

type TestJobs = Awaited<ReturnType<typeof startTestJobs>>;

/** Six times, a third of its lease passes, and its worker extends it. */
async function keepLeaseOfLongJob(jobs: TestJobs) {
  using _ = stopHeartbeats();
  const calls: string[] = [];
  const end = createGate();
  const long: Handler = async ({ kind }, { aborted }) => {
    calls.push(`${kind} ${aborted}`);
    await end.opened;
  };
  const settings = { pollSeconds: 0.05, handlers: { long } };
  jobs.startWorker(settings);
  jobs.startWorker(settings);
  await jobs.add('long');
  await waitUntil('it runs', () => calls.length > 0);
  for (let third = 0; third < 6; third++) await passThird(jobs);
  end.open();
  await jobs.untilDone();
  expect(calls).toEqual(['long false']);
}

async function passThird(jobs: TestJobs) {
  await jobs.passTime(10);
  vi.advanceTimersByTime(10_000);
  await waitUntil('its lease is extended', async () =>
    Boolean(
      await jobs.count(`jobs where due_at > now() + interval '25 s'`),
    ),
  );
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
      long: () => {
        begun.push('long');
        return hang();
      },
    },
  });
  await jobs.add('short', { maxAttempts: 1 });
  await jobs.add('long', { maxAttempts: 1 });
  await waitUntil('both run', () => begun.length === 2);

  const stopped = worker.stop(1);
  end.open();
  await jobs.add('short', { maxAttempts: 1 });
  await stopped;

  expect(begun.toSorted()).toEqual(['long', 'short']);
  const claimed = await jobs.queue.claim(['long'], 10, 30);
  expect(claimed).toMatchObject([{ attempt: 2, maxAttempts: 2 }]);
  await jobs.pool.query(`delete from jobs where kind = 'long'`);
}

/** A lease goes on while the worker waits for its job in the grace. */
async function stopWithLeases(jobs: TestJobs) {
  using _ = stopHeartbeats();
  const [begun, end] = [createGate(), createGate()];
  const slow: Handler = async () => {
    begun.open();
    await end.opened;
  };
  await jobs.add('slow');
  const worker = jobs.startWorker({ handlers: { slow } });
  await begun.opened;
  const stopped = worker.stop(60);
  for (let third = 0; third < 4; third++) await passThird(jobs);
  end.open();
  await stopped;
  expect(await jobs.count(`jobs where kind = 'slow'`)).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
}

async function bury({ queue, pool }: TestJobs, number: number) {
  for (let n = 0; n < number; n++) {
    const [job] = await queue.claim(['fail'], 1, 30);
    if (!job) throw new Error('nothing was claimed');
    await queue.settle([{ ...job, error: 'no' }]);
  }
  await pool.query('analyze');
}

const age = (pool: Pool, id: string, days: number) =>
  pool.query(
    `update dead_jobs
     set died_at = now() - make_interval(days => $2)
     where id = $1`,
    [id, days],
  );

/** No job can be deleted, until the end. */
async function refuseOutcomes(pool: Pool) {
  await pool.query(
    `create function refuse() returns trigger language plpgsql
       as $$ begin raise 'not now'; end $$;
     create trigger refusal before delete on jobs
       for each row execute function refuse()`,
  );
  return {
    end: () => pool.query('drop function refuse cascade'),
  };
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
    workers.startWorker({ handlers: { mark }, pollSeconds: 0.1 });

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
  await waitUntil('the workers notice', () =>
    workers.hasLogged('nothing can be claimed'),
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
  await passTime(pool, 30);
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
