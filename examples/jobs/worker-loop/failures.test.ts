import { once } from 'node:events';
import { createServer } from 'node:net';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { startProgram } from '@touchstone/kit/programs/program';
import { startTcpProxy } from '@touchstone/kit/proxies/tcp-proxy';
import { failure } from '@touchstone/kit/testing/failure';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import { Pool } from 'pg';
import { expect, it, vi } from 'vitest';
import { listenForWakeUps } from './listen-for-wake-ups.ts';
import { createSiteChecks } from './site-checks.ts';
import { backOffMs } from './start-worker.ts';
import { startTestSites } from './test-sites.ts';
import {
  createGate,
  hang,
  noop,
  pass,
  startTestWorker,
  stopTime,
} from './test-worker.ts';

const MAIN = new URL('main.ts', import.meta.url);

failure(
  'The database cannot be reached for a while',
  {
    symptom:
      'The log has `nothing can be claimed`, with pauses of up to 10 seconds, which no wake-up cuts short; `check` rejects after a minute; then the work goes on by itself',
    defence: 'claim-what-is-due',
    remains: 'For up to 10 seconds more, nothing is claimed',
  },
  async () => {
    using _ = stopTime();
    const slow = createGate();
    const worker = startTestWorker({
      pollSeconds: 30,
      work: () => slow.opened,
    });
    await worker.add(0);
    worker.failWith(new Error('down'));
    worker.wake();
    for (let ms = 0; ms < 60_000; ms += 100) {
      worker.wake(); // the pause is as long, however often it is told
      await vi.advanceTimersByTimeAsync(100);
    }
    slow.open(); // an end says nothing of the claims
    await pass(0);
    await pass(30_000);
    await worker.check();
    await pass(1_500);
    await expect(worker.check()).rejects.toThrow(
      'test: no success for a minute',
    );
    const { entries } = worker.log;
    expect(entries.length).toBeGreaterThan(12);
    expect(entries.length).toBeLessThan(30);
    expect(entries[1]).toEqual({
      level: 'warn',
      message: 'nothing can be claimed',
      details: { name: 'test', failures: 2, error: new Error('down') },
    });

    worker.failWith(undefined);
    await pass(10_000);
    await worker.check();
    // What woke it meanwhile counts once.
    const { length } = worker.limits;
    await pass(30_000);
    expect(worker.limits).toHaveLength(length + 1);

    // The next outage begins with a short pause, and a stop ends it.
    worker.failWith(new Error('down again'));
    worker.wake();
    await pass(0);
    const late = startTestWorker({
      claim: () => Promise.reject('down'),
    });
    await pass(0);
    for (const { log } of [worker, late])
      expect(log.entries.at(-1)?.details).toMatchObject({
        failures: 1,
      });
    let stopped = 0;
    for (const { stop } of [worker, late])
      void stop().then(() => {
        stopped += 1;
      });
    await pass(0);
    expect(stopped).toBe(2);
  },
);

failure(
  'More is due than there are places, and some of it is slow',
  {
    symptom:
      'Never more than `concurrency` items are in work; a place that becomes free is filled at once, beside the slow ones',
    defence: 'claim-what-is-due',
    remains:
      'Slow items in all places hold up the others: give them a worker of their own',
  },
  async () => {
    using _ = stopTime();
    const gates = Array.from({ length: 4 }, createGate);
    const worker = startTestWorker({
      concurrency: 2,
      pollSeconds: 3600,
      limitSeconds: 86_400,
      work: ({ n }) => gates[n]?.opened ?? noop(),
    });
    await worker.add(0, 1, 2, 3);
    expect(worker.begun).toEqual([0, 1]);
    await pass(3_700_000);
    await worker.check(); // full is healthy
    worker.failWith(new Error('down'));
    gates[0]?.open();
    await vi.advanceTimersByTimeAsync(0);
    await worker.check(); // its end is not recorded yet
    await pass(0);
    await worker.check(); // there was no room until now
    worker.failWith(undefined);
    await pass(200);
    gates[2]?.open();
    await pass(0);
    expect(worker.begun).toEqual([0, 1, 2, 3]);
    expect(worker.limits).toEqual([2, 1, 1, 1]);

    gates[1]?.open();
    gates[3]?.open();
    await pass(0);
    expect(worker.ends()).toEqual([0, 2, 1, 3].map((n) => `${n} done`));
    // What ended together made one batch, and one claim.
    expect(worker.limits.slice(4)).toEqual([2]);
    await worker.stop();
  },
);

failure(
  'A wake-up comes during a claim, or is lost',
  {
    symptom:
      'The worker claims again at once; what no wake-up announced is found after `pollSeconds`',
    defence: 'claim-what-is-due',
    remains:
      'Each wake-up causes a claim, even if another process already has the row',
  },
  async () => {
    using _ = stopTime();
    const answered = createGate();
    const worker = startTestWorker({
      pollSeconds: 3600,
      claim: async () => {
        await answered.opened;
        return [];
      },
    });
    worker.wake();
    worker.wake();
    answered.open();
    await pass(0);
    expect(worker.limits).toEqual([20, 20]);

    await pass(3_599_999);
    expect(worker.limits).toHaveLength(2);
    await pass(1);
    expect(worker.limits).toHaveLength(3);
    await worker.add(7);
    expect(worker.begun).toEqual([7]);
    await worker.stop();
  },
);

failure(
  'Work hangs, and ignores its signal',
  {
    symptom:
      'After `limitSeconds` it ends as `timed_out`, and its place is free for other items',
    defence: 'run',
    remains:
      'What it does later is not stopped: it may run beside the next attempt, and keeps what it holds',
  },
  async () => {
    using _ = stopTime();
    const signals: AbortSignal[] = [];
    const worker = startTestWorker({
      concurrency: 2,
      limitSeconds: 2,
      work: ({ n }, signal) => {
        signals.push(signal);
        return n === 0 ? hang() : noop();
      },
    });
    await worker.add(0, 1);
    await pass(1999);
    expect(worker.ends()).toEqual(['1 done']);
    await pass(1);
    expect(worker.ends()).toEqual(['1 done', '0 timed_out']);
    expect(signals.map(({ aborted }) => aborted)).toEqual([
      true,
      false,
    ]);
    await worker.add(2);
    expect(worker.begun).toEqual([0, 1, 2]);
    await worker.stop();
    expect(vi.getTimerCount()).toBe(0);

    const usual = startTestWorker({ work: hang });
    await usual.add(3);
    await pass(899_999);
    expect(usual.ends()).toEqual([]);
    await pass(1);
    expect(usual.ends()).toEqual(['3 timed_out']);
    await usual.stop();
  },
);

failure(
  'Work throws at once, or fails after it was cut off',
  {
    symptom:
      'The loop records the first outcome (the error or the cut); the process and the other items go on',
    defence: 'run',
    remains:
      'An error after the cut is not logged: log in the work what you must know',
  },
  async () => {
    using _ = stopTime();
    const late = createGate();
    const worker = startTestWorker({
      work: (item) => {
        if (item.n === 0) throw new Error('at once');
        worker.cut(item, 'lease_lost');
        return late.opened.then(() => {
          throw new Error('late');
        });
      },
    });
    await worker.add(0, 1);
    const ends = ['0 at once', '1 lease_lost'];
    expect(worker.ends()).toEqual(ends);
    late.open();
    await pass(0);
    expect(worker.ends()).toEqual(ends);
    expect(worker.log.entries).toEqual([]);
    await worker.stop();
  },
);

failure(
  'What was done cannot be recorded',
  {
    symptom:
      'The log has `ends cannot be recorded`, with pauses of up to 10 seconds; the items keep their places until it succeeds; `check` rejects when none succeeds for a minute',
    defence: 'settle-until-done',
    remains:
      'When the lease of an item ends first, a worker does it again, perhaps the same one',
  },
  async () => {
    using _ = stopTime();
    let isDown = true;
    const worker = startTestWorker({
      concurrency: 2,
      pollSeconds: 3600,
      settle: async ([end]) => {
        // The work has ended: nothing is left to cut off.
        if (end) worker.cut(end.item, 'lease_lost');
        if (isDown) throw new Error('down');
      },
    });
    await worker.add(0);
    await pass(30_000);
    await worker.add(1);
    await pass(30_000);
    await worker.check();
    await pass(1);
    await expect(worker.check()).rejects.toThrow('test: no success');
    const { entries } = worker.log;
    expect(entries.length).toBeGreaterThan(8);
    expect(entries.length).toBeLessThan(25);
    expect(entries.slice(0, 2)).toMatchObject([
      {
        level: 'warn',
        message: 'ends cannot be recorded',
        details: {
          name: 'test',
          failed: 1,
          error: { message: 'down' },
        },
      },
      { details: { failed: 2 } },
    ]);
    await worker.add(2);
    expect(worker.begun).toEqual([0, 1]);

    isDown = false;
    await pass(10_000);
    expect(worker.ends().toSorted()).toEqual(
      [0, 1, 2].map((n) => `${n} done`),
    );
    expect(worker.begun).toEqual([0, 1, 2]);
    await pass(61_000);
    await worker.check();
    await worker.stop();
  },
);

failure(
  'The end of one item is refused each time',
  {
    symptom:
      'A batch that is refused is tried again in halves, until all other ends are recorded; later ones are not held up',
    defence: 'settle-until-done',
    remains:
      'That item keeps its place until the worker is stopped: alert on `ends cannot be recorded`',
  },
  async () => {
    using _ = stopTime();
    const sizes: number[] = [];
    const worker = startTestWorker({
      concurrency: 8,
      settle: async (batch) => {
        sizes.push(batch.length);
        if (batch.some(({ item }) => item.n === 2))
          throw new Error('refused');
      },
    });
    await worker.add(0, 1, 2, 3, 4, 5, 6);
    await worker.add(7);
    expect(worker.ends()).toEqual(['7 done']);
    await pass(10_000);
    expect(worker.ends()).toHaveLength(7);
    expect(sizes.slice(0, 6)).toEqual([7, 1, 4, 3, 2, 2]);
    expect(sizes.at(-1)).toBe(1);
    expect(sizes).not.toContain(0);
    const refused = worker.log.entries.map(({ details }) => details);
    expect(refused.slice(0, 4)).toMatchObject(
      [1, 2, 3, 4].map((failed) => ({ failed })),
    );
    await worker.add(8);
    await pass(61_000);
    await worker.check(); // one bad item takes no process away
    expect(worker.ends().toSorted()).toEqual(
      [0, 1, 3, 4, 5, 6, 7, 8].map((n) => `${n} done`),
    );
    const stopping = worker.stop();
    await pass(15_000);
    await stopping;
    await pass(0);
    expect(vi.getTimerCount()).toBe(0);
    const { length } = sizes;
    await pass(20_000);
    expect(sizes).toHaveLength(length);
  },
);

failure(
  'The worker is stopped while work, a claim or a settlement hangs',
  {
    symptom:
      'It claims nothing more, waits for its grace, gives the rest back as `stopped`, and ends five seconds later at the latest',
    defence: 'stop',
    remains:
      'Items whose end could not be recorded by then wait for the end of their lease',
  },
  async () => {
    using _ = stopTime();
    const gate = createGate();
    const worker = startTestWorker({
      work: ({ n }) => (n === 0 ? gate.opened : hang()),
      settle: (batch) =>
        batch.some(({ item }) => item.n === 2) ? hang() : noop(),
    });
    await worker.add(0, 1, 2);
    let isStopped = false;
    const stopping = worker.stop().then(() => {
      isStopped = true;
    });
    await worker.add(3);
    await pass(9999);
    expect(worker.ends()).toEqual([]);
    gate.open();
    await pass(0);
    expect(worker.ends()).toEqual(['0 done']);
    await pass(1);
    await pass(4999);
    expect(isStopped).toBe(false);
    await pass(1);
    await stopping;
    expect(worker.begun).toEqual([0, 1, 2]);
    expect(vi.getTimerCount()).toBe(0);

    const claimed = createGate();
    const late = startTestWorker({
      claim: () => claimed.opened.then(() => []),
    });
    isStopped = false;
    void late.stop(Number.POSITIVE_INFINITY).then(() => {
      isStopped = true;
    });
    await pass(8_700_000);
    expect(isStopped).toBe(false);
    await expect(late.check()).rejects.toThrow('no success');
    const ending = late.stop(1);
    await pass(6000);
    await ending;
    await late.add(0);
    claimed.open();
    await pass(0);
    expect([late.begun, late.ends()]).toEqual([[], []]);
    expect(vi.getTimerCount()).toBe(0);
  },
);

failure(
  'A process is killed, or frozen for longer than its lease',
  {
    symptom:
      'No process works on the item until its lease ends; then another one does, and a late result of the first one is ignored',
    defence: 'settle',
    remains:
      'The work is done twice: outside the database it needs an idempotency key',
  },
  async () => {
    await using test = await startTestSites();
    const { sites } = test;
    await test.add('/slow');
    await using killed = await startProgram(MAIN, {
      DATABASE_URL: test.url,
      PORT: '0',
    });
    await waitUntil('it asks', () => test.count('/slow') === 1);
    await killed.kill('SIGKILL');
    expect(await sites.claim(1)).toEqual([]);
    await test.passTime(30);
    const [frozen] = await sites.claim(1);
    await test.passTime(30);
    const [next] = await sites.claim(1);
    if (!frozen || !next) throw new Error('nothing was claimed');

    const done = { status: 'fulfilled', value: undefined } as const;
    await sites.settle([
      { item: { ...frozen, answer: 'old' }, result: done },
    ]);
    expect(await test.answerOf('/slow')).toBeNull();
    await sites.settle([
      { item: { ...next, answer: 'new' }, result: done },
    ]);
    expect(await test.answerOf('/slow')).toBe('new');
    await test.passTime(59);
    expect(await sites.claim(1)).toEqual([]);
    await test.passTime(1);
    expect(await sites.claim(1)).toMatchObject([{ claims: 4 }]);
  },
);

failure(
  'The connection that listens is lost',
  {
    symptom:
      'The log has `nobody listens`; the worker polls meanwhile, listens again within 2 seconds, and claims what it missed',
    defence: 'listen',
    remains:
      'A connection that falls silent is noticed by TCP keepalive only, after minutes: until then, the worker polls',
  },
  async () => {
    await using test = await startTestSites();
    const port = Number(new URL(test.url).port);
    await using proxy = await startTcpProxy(port);
    const connectionString = Object.assign(new URL(test.url), {
      port: proxy.port,
    }).href;
    const log = createTestLog();
    let woken = 0;
    const wake = () => void woken++;
    const options = { connectionString, wake, log };
    await using listener = listenForWakeUps({
      ...options,
      channel: 'sites',
    });
    await waitUntil('it listens', () => woken === 1);
    const before = await findListeners(test.pool);
    await test.pool.query('notify jobs');
    for (const path of ['/1', '/2', '/3']) await test.add(path);
    await waitUntil('it is woken', () => woken === 4);
    expect(await findListeners(test.pool)).toEqual(before);
    expect(before).toHaveLength(1);

    proxy.pointTo(await findFreePort());
    proxy.cut();
    await waitUntil('it says so', () => log.entries.length > 0);
    const began = performance.now();
    await waitUntil('it says so again', () => log.entries.length > 1);
    expect(performance.now() - began).toBeGreaterThan(700);
    expect(woken).toBe(4);
    proxy.pointTo(port);
    await waitUntil('it listens again', () => woken === 5);
    await test.add('/4');
    await waitUntil('it is woken again', () => woken === 6);
    const { length } = log.entries;
    await listener.stop();
    expect(log.entries).toHaveLength(length);
    expect(log.entries[0]).toMatchObject({
      level: 'warn',
      message: 'nobody listens',
    });
    await waitUntil(
      'its connection is gone',
      async () => (await findListeners(test.pool)).length === 0,
    );

    await using _jobs = listenForWakeUps(options);
    await waitUntil('it listens to jobs', () => woken === 7);
    await test.pool.query('notify jobs');
    await waitUntil('it is woken', () => woken === 8);
  },
);

const findListeners = async (pool: Pool) => {
  const { rows } = await pool.query(
    `select pid from pg_stat_activity
     where datname = current_database() and query ~ '^listen'`,
  );
  return rows;
};

it('stops to wait for a server that accepts a listener and never answers', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const log = createTestLog();
  const began = performance.now();
  const listener = listenForWakeUps({
    connectionString: `postgres://127.0.0.1:${port}/x`,
    wake: noop,
    log,
  });

  await waitUntil('it says so', () => log.entries.length > 0);
  await listener.stop();

  expect(performance.now() - began).toBeGreaterThan(4900);
  expect(performance.now() - began).toBeLessThan(30_000);
  silent.close();
});

it('stops at once when nothing is in work, and gives back what a claim brings meanwhile', async () => {
  using _ = stopTime();
  const idle = startTestWorker();
  await pass(0);
  await idle[Symbol.asyncDispose]();
  expect(idle.limits).toHaveLength(1);

  const claimed = createGate();
  const busy = startTestWorker({
    claim: () => claimed.opened.then(() => []),
  });
  const stopping = busy.stop();
  await busy.add(0);
  claimed.open();
  await stopping;
  expect(busy.begun).toEqual([]);
  expect(busy.ends()).toEqual(['0 stopped']);
  expect(vi.getTimerCount()).toBe(0);
});

it('asks once a second, unless it is told otherwise', async () => {
  using _ = stopTime();
  const worker = startTestWorker();
  await pass(999);
  expect(worker.limits).toEqual([20]);
  await pass(1);
  expect(worker.limits).toEqual([20, 20]);
  await worker.stop();
});

it('records one batch at a time, and what ends meanwhile in the next', async () => {
  using _ = stopTime();
  const recorded = createGate();
  const gates = Array.from({ length: 3 }, createGate);
  const batches: number[][] = [];
  const worker = startTestWorker({
    work: ({ n }) => gates[n]?.opened ?? noop(),
    settle: async (batch) => {
      batches.push(batch.map(({ item }) => item.n));
      if (batches.length === 1) await recorded.opened;
    },
  });
  await worker.add(0, 1, 2);
  const { length } = worker.limits;
  for (const gate of gates) {
    gate.open();
    await pass(0);
  }
  expect(batches).toEqual([[0]]);
  recorded.open();
  await pass(0);

  expect(batches).toEqual([[0], [1, 2]]);
  // There was room all the time: ends cause no claims.
  expect(worker.limits).toHaveLength(length);
  await worker.stop();
});

it('claims again at once when an answer was full, though places became free meanwhile', async () => {
  using _ = stopTime();
  const [done, answered] = [createGate(), createGate()];
  let claims = 0;
  const worker = startTestWorker({
    concurrency: 3,
    pollSeconds: 3600,
    claim: async () => {
      claims += 1;
      if (claims === 2) await answered.opened;
      return [];
    },
    work: ({ n }) => (n === 0 ? done.opened : hang()),
  });
  await worker.add(0);
  worker.put(1, 2, 3);
  expect(worker.limits).toEqual([3, 2]);
  done.open();
  await pass(0);
  answered.open();
  await pass(0);

  expect(worker.limits).toEqual([3, 2, 1]);
  expect(worker.begun).toEqual([0, 1, 2, 3]);
  const stopping = worker.stop(0);
  await pass(1);
  await stopping;
});

it('pauses longer after each failure, of which half is random', () => {
  for (const [failures, most] of [
    [1, 200],
    [3, 800],
    [2000, 10_000],
  ] as const) {
    const pauses = Array.from({ length: 50 }, () =>
      backOffMs(failures),
    );
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(most / 2);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(most);
    expect(Math.max(...pauses)).toBeGreaterThan(most * 0.6);
  }
});

it('refuses settings that Node takes for 1 ms, or that stop everything', () => {
  for (const setting of ['concurrency', 'pollSeconds', 'limitSeconds'])
    for (const value of [0, -1, Number.NaN, 86_401])
      expect(() => startTestWorker({ [setting]: value })).toThrow(
        `${setting} must be above 0, at most 86400`,
      );
});

it('gives each item to one of several processes', async () => {
  await using test = await startTestSites();
  const { pool, sites } = test;
  for (let n = 0; n < 20; n++) await test.add(`/${n}`);
  const client = await pool.connect();
  await client.query('begin');
  const inside = Object.assign(new Pool(), {
    query: client.query.bind(client),
  });
  const [slow] = await createSiteChecks({ pool: inside }).claim(1);

  const claims = await Promise.all(
    Array.from({ length: 5 }, () => sites.claim(5)),
  );
  await client.query('commit');
  client.release();

  const ids = [slow, ...claims.flat()].map((check) => check?.id);
  expect(ids).toHaveLength(20);
  expect(new Set(ids).size).toBe(20);
});
