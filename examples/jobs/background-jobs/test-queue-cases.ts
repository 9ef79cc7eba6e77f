import { openPool } from '@touchstone/kit/postgres/database';
import { untilWaiting } from '@touchstone/kit/postgres/locks';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import { Pool } from 'pg';
import { expect, test, vi } from 'vitest';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import { createDeadJobs } from './dead-jobs.ts';
import { chooseRetry, judge } from './job-outcomes.ts';
import { createJobQueue } from './job-queue.ts';
import { type Handler, startJobWorker } from './job-worker.ts';
import { startPurging } from './start-purging.ts';
import {
  copies,
  createGate,
  listens,
  openWorkerPool,
  startTestJobs,
  type TestJobs,
} from './test-jobs.ts';

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

test('A claim takes what was due first, and no more than its limit over all kinds', async () => {
  await using jobs = await startTestJobs();
  await jobs.add('a', { delaySeconds: 20, payload: 'later' });
  await jobs.add('a', { delaySeconds: 10, payload: 'first' });
  await jobs.add('b', { delaySeconds: 15, payload: 'other kind' });
  await jobs.passTime(20);
  // Whatever plan Postgres chooses.
  const withoutIndex =
    '-c enable_indexscan=off -c enable_bitmapscan=off';
  await using slow = openPool(jobs.url, { options: withoutIndex });

  const { claim } = createJobQueue({ pool: slow.pool });
  const [first, ...others] = await claim(['a', 'b'], 1, 30);

  expect(first).toMatchObject({ payload: 'first' });
  expect(others).toEqual([]);
});

test('The tables refuse a job without what a worker needs', async () => {
  await using jobs = await startTestJobs();
  await jobs.add('fail');
  await bury(jobs, 1);
  await jobs.add('fail');
  const both = 'kind payload attempts max_attempts created_at';
  for (const [table, columns] of [
    ['jobs', `${both} due_at`],
    ['dead_jobs', `${both} last_error died_at`],
  ] as const) {
    for (const column of columns.split(' '))
      await expect(
        jobs.pool.query(`update ${table} set ${column} = null`),
      ).rejects.toThrow('null value');
    await expect(
      jobs.pool.query(
        `insert into ${table} overriding system value
         select * from ${table}`,
      ),
    ).rejects.toThrow('duplicate key');
  }
  await expect(jobs.add('fail', { maxAttempts: 0 })).rejects.toThrow(
    'max_attempts',
  );
  expect(
    await jobs.count(`pg_indexes where indexdef ~ '[(]died_at[)]'`),
  ).toBe(1);
});

test('A worker waits five seconds for Postgres, and refuses what Node takes for 1 ms', async () => {
  const pool = openWorkerPool('postgres://127.0.0.1:1/x');
  const query = vi.spyOn(pool, 'query');
  const claiming = createJobQueue({ pool }).claim(['a'], 1, 30);
  await expect(claiming).rejects.toThrow('ECONNREFUSED');
  expect(query.mock.calls).toMatchObject([[{ query_timeout: 5000 }]]);

  query.mockClear();
  const log = createTestLog();
  const patient = { pool, handlers: {}, log, answerSeconds: 7 };
  const worker = startJobWorker(patient);
  expect(query.mock.calls).toMatchObject([[{ query_timeout: 7000 }]]);
  await worker.stop();

  const answerSeconds = Number.NaN;
  expect(() => createJobQueue({ pool, answerSeconds })).toThrow(
    'answerSeconds must be above 0, at most 86400',
  );
});

test('A payload that Postgres cannot store, or that is huge, throws before the transaction sees it', async () => {
  await using jobs = await startTestJobs();
  const { enqueue } = jobs.queue;
  const most = 'x'.repeat(100_000 - '{"kind":"a","payload":""}'.length);

  await inTransaction(jobs.pool, async (tx) => {
    for (const payload of [
      '\0',
      '\ud800',
      '\ud900',
      ['\\\0'],
      { '\udfff': 1 },
    ])
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

test('A key that is null is none', async () => {
  await using jobs = await startTestJobs();
  const parsed = JSON.parse('[{"kind":"a","uniqueKey":null}]');

  await jobs.queue.enqueue(jobs.pool, [...parsed, ...parsed]);

  expect(await jobs.count('jobs')).toBe(2);
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

test('An end is recorded for its own job only', async () => {
  await using jobs = await startTestJobs();
  await jobs.queue.enqueue(jobs.pool, copies(3));
  const [done, failed] = await jobs.queue.claim(['noop'], 3, 30);
  if (!done || !failed) throw new Error('nothing was claimed');
  const retry = { ...failed, error: 'no', retrySeconds: 1000 };

  const ours = await jobs.queue.settle([done, retry]);

  expect(ours).toEqual(new Set([done.id, failed.id]));
  const { rows } = await jobs.pool.query(
    `select last_error, due_at > now() + interval '60 s' as waits
     from jobs
     order by due_at`,
  );
  expect(rows).toEqual([
    { last_error: null, waits: false },
    { last_error: 'no', waits: true },
  ]);
});

test('Pauses before a retry differ, and end at an hour', () => {
  for (const [attempt, most] of [
    [1, 1],
    [3, 4],
    [20, 3600],
  ] as const) {
    const pauses = Array.from({ length: 50 }, () =>
      chooseRetry(attempt),
    );
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(most / 2);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(most);
    expect(Math.max(...pauses)).toBeGreaterThan(most * 0.6);
    expect(new Set(pauses).size).toBeGreaterThan(1);
  }
});

test('Of an error that is none, only its type is kept', () => {
  const item = { id: '1', kind: 'a', payload: 1, attempt: 1 };
  const ended = {
    item: { ...item, maxAttempts: 2 },
    result: { status: 'rejected', reason: 'a password' },
  } as const;
  expect(judge(ended, () => 7)).toMatchObject([
    { error: 'string', retrySeconds: 7 },
  ]);
});

test('A job that its handler completed is done, unless the handler throws or its transaction failed', async () => {
  await using jobs = await startTestJobs();
  const complete: Handler = (job) =>
    inTransaction(jobs.pool, async (tx) => {
      await jobs.queue.complete(tx, job);
      if (job.kind !== 'done') throw new Error('no');
    });
  const handlers: Record<string, Handler> = {
    done: complete,
    failed: complete,
    swallowed: (job, signal) => complete(job, signal).catch(() => {}),
  };
  for (const kind of Object.keys(handlers))
    await jobs.add(kind, { maxAttempts: 1 });

  jobs.startWorker({ handlers });

  await jobs.untilDead(1);
  await waitUntil(
    'one is left',
    async () => (await jobs.count('jobs')) === 1,
  );
  const left = `jobs where kind = 'swallowed' and attempts = 1`;
  expect(await jobs.count(left)).toBe(1);
  expect(jobs.logged).toMatchObject([
    { message: 'job is dead', details: { error: 'Error: no' } },
  ]);
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

test('A handler that completes its job twice, or is gone, has failed', async () => {
  await using jobs = await startTestJobs();
  const handlers: Record<string, Handler> = {
    gone: async () => {},
    twice: (job) =>
      inTransaction(jobs.pool, async (tx) => {
        await jobs.queue.complete(tx, job);
        await jobs.queue.complete(tx, job);
      }),
  };
  for (const kind of Object.keys(handlers))
    await jobs.add(kind, { maxAttempts: 1 });

  jobs.startWorker({ handlers });
  delete handlers.gone;

  await jobs.untilDead(2);
  const { rows } = await jobs.pool.query(
    'select attempts, last_error from dead_jobs order by kind',
  );
  expect(rows).toEqual([
    { attempts: 1, last_error: 'Error: gone has no handler' },
    {
      attempts: 1,
      last_error: 'CutOffError: The lease ended before the work did',
    },
  ]);
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

test('Delays and leases last as long as the database says, also when the clock of the worker is an hour off', async () => {
  await using jobs = await startTestJobs();
  for (const hours of [-1, 1]) {
    const now = Date.now() + hours * 3_600_000;
    vi.useFakeTimers({ toFake: ['Date'], now });
    try {
      await jobs.add('soon');
      await jobs.add('late', { delaySeconds: 60 });
      await jobs.add('half', { delaySeconds: 0.5 });
      const half = `jobs where due_at - created_at = interval '0.5 s'`;
      expect(await jobs.count(half)).toBe(1);

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

test('Due jobs are found by the index, also behind a backlog, with and without statistics', async () => {
  await using jobs = await startTestJobs();
  await jobs.queue.enqueue(jobs.pool, copies(10_000));
  await jobs.queue.enqueue(jobs.pool, copies(3, 'urgent'));
  const pool = openWorkerPool(jobs.url);
  const { claim } = createJobQueue({ pool });

  await claim(['urgent', 'other'], 100, 30);
  await pool.query('analyze jobs');
  await claim(['noop'], 2, 30);

  await pool.end(); // a connection that ends reports what it has read
  await waitUntil('it is reported', async () =>
    Boolean(
      await jobs.count('pg_stat_user_indexes where idx_scan > 0'),
    ),
  );
  const { rows } = await jobs.pool.query(
    `select idx_tup_read::int as found, seq_tup_read::int as scanned
     from pg_stat_user_indexes
     join pg_stat_user_tables using (relid)
     where indexrelname = 'jobs_in_turn'`,
  );
  expect(rows[0].found).toBeLessThan(15);
  expect(rows[0].scanned).toBe(0);
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
  await jobs.passTime(75);
  await jobs.queue.claim(['slow'], 1, 30);

  end.open();

  await waitUntil('it says so', () => jobs.logged.length > 0);
  expect(jobs.logged).toMatchObject([
    { level: 'warn', message: 'lease lost', details: { attempt: 1 } },
  ]);
});

test('A dead job runs again, unless a newer one waits', async () => {
  await using jobs = await startTestJobs();
  const { deadJobs, queue } = jobs;
  for (const uniqueKey of ['a', 'b'])
    await jobs.add('fail', { uniqueKey, maxAttempts: 3, payload: 7 });
  await bury(jobs, 2);
  await jobs.add('fail', { uniqueKey: 'a', payload: 'newer' });

  expect(await deadJobs.revive('1')).toBe(false);
  expect(await deadJobs.revive('2')).toBe(true);
  expect(await deadJobs.revive('2')).toBe(false);

  const claimed = await queue.claim(['fail'], 9, 30);
  expect(claimed.map(({ payload }) => payload)).toEqual(['newer', 7]);
  expect(claimed[1]).toMatchObject({ attempt: 1, maxAttempts: 3 });
  expect(await jobs.count('dead_jobs where id = 1')).toBe(1);
  expect(await jobs.count('dead_jobs')).toBe(1);
});

test('Old dead jobs are purged in batches, the oldest first', async () => {
  await using jobs = await startTestJobs();
  const { deadJobs, pool } = jobs;
  await jobs.add('fail');
  await bury(jobs, 1);
  await pool.query(
    `insert into dead_jobs
     select id + n, kind, payload, unique_key, attempts, max_attempts,
            last_error, created_at, died_at - interval '29 days' - n * interval '1 min'
     from dead_jobs, generate_series(0, 1440 + 1100) as n
     where n > 0`,
  );

  const client = await pool.connect();
  await client.query('begin');
  await client.query(
    'select from dead_jobs where id > 2535 for update',
  );
  // What somebody else holds, it leaves out.
  expect(await deadJobs.purge(30, 50)).toBe(50);
  await client.query('commit');
  client.release();
  expect(await jobs.count('dead_jobs where id > 2485')).toBe(6);
  expect(await deadJobs.purge(30)).toBe(1000);
  expect(await deadJobs.purge(30)).toBeLessThan(60);
  expect(await deadJobs.purge(30)).toBe(0);
  expect(await jobs.count('dead_jobs')).toBeGreaterThan(1430);
});

test('Purging runs at once and each hour, until nothing is left, and logs what fails', async () => {
  await using jobs = await startTestJobs();
  const { deadJobs, pool } = jobs;
  await jobs.add('fail');
  await bury(jobs, 1);
  await pool.query(
    `insert into dead_jobs
     select id + n, kind, payload, unique_key, attempts, max_attempts,
            last_error, created_at, died_at - interval '31 days'
     from dead_jobs, generate_series(1, 1500) as n`,
  );
  const log = createTestLog();
  const away = openWorkerPool('postgres://127.0.0.1:1/x');
  const failing = createDeadJobs({ pool: away });
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const set = vi.spyOn(globalThis, 'setInterval');
  const purging = [deadJobs, failing].map((each) =>
    startPurging(() => each.purge(30), log),
  );
  // It does not keep a process that ends.
  const kept = set.mock.results.map(({ value }) => value.hasRef());
  expect(kept).toEqual([false, false]);
  await jobs.untilDead(1);
  await waitUntil('it is logged', () => log.entries.length === 1);

  await pool.query(
    `update dead_jobs set died_at = now() - interval '31 days'`,
  );
  vi.advanceTimersByTime(3_599_999);
  expect(await jobs.count('dead_jobs')).toBe(1);
  vi.advanceTimersByTime(1);
  await jobs.untilDead(0);
  await waitUntil('it is logged', () => log.entries.length === 2);
  for (const { stop } of purging) stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  expect(log.entries[0]).toMatchObject({
    level: 'warn',
    message: 'old rows are not purged',
    details: { error: { code: 'ECONNREFUSED' } },
  });
});

test('A job that is enqueued or revived wakes a worker', async () => {
  await using jobs = await startTestJobs();
  const ran: string[] = [];
  await jobs.add('fail');
  await bury(jobs, 1);
  const note: Handler = async ({ kind }) => void ran.push(kind);
  const { wake } = jobs.startWorker({
    pollSeconds: 3600,
    handlers: { fail: note, add: note },
  });
  await jobs.listen(wake);

  // The first one may be found by the claim that follows the listen.
  for (const turn of [1, 2, 3]) {
    await jobs.add('add');
    await waitUntil('it runs', () => ran.length === turn);
  }
  await jobs.deadJobs.revive('1');
  await waitUntil('it runs too', () => ran.length === 4);
  expect(ran.at(-1)).toBe('fail');
});

test('Of two revivals at once, one is done', async () => {
  await using jobs = await startTestJobs();
  await jobs.add('fail');
  await bury(jobs, 1);
  const client = await jobs.pool.connect();
  await client.query('begin; select from dead_jobs for update');

  const revivals = ['1', '1'].map(jobs.deadJobs.revive);
  await untilWaiting(jobs.pool, 2);
  await client.query('commit');
  client.release();

  expect((await Promise.all(revivals)).toSorted()).toEqual([
    false,
    true,
  ]);
  // Its id is a new one: idempotency keys are of the payload.
  const { rows } = await jobs.pool.query('select id from jobs');
  expect(rows).toEqual([{ id: '2' }]);
});

async function bury({ queue, pool }: TestJobs, number: number) {
  for (let n = 0; n < number; n++) {
    const [job] = await queue.claim(['fail'], 1, 30);
    if (!job) throw new Error('nothing was claimed');
    await queue.settle([{ ...job, error: 'no' }]);
  }
  await pool.query('analyze');
}
