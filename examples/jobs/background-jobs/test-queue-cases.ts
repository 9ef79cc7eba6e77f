import { setImmediate } from 'node:timers/promises';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import { Pool } from 'pg';
import { expect, test, vi } from 'vitest';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import { listenForWakeUps } from '../worker-loop/listen-for-wake-ups.ts';
import { createDeadJobs } from './dead-jobs.ts';
import type { Job } from './job.ts';
import { keepLeases } from './job-leases.ts';
import { chooseRetry } from './job-outcomes.ts';
import { createJobQueue } from './job-queue.ts';
import type { Handler } from './job-worker.ts';
import {
  copies,
  createGate,
  hang,
  listens,
  lockTable,
  openWorkerPool,
  startTestJobs,
  stopHeartbeats,
  type TestJobs,
  untilBlocked,
} from './test-jobs.ts';
import { startNetwork } from './test-network.ts';

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

const createJob = (kind: string): Job => ({
  id: kind,
  kind,
  payload: {},
  attempt: 1,
  maxAttempts: 1,
});

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
