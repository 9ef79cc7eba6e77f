import { setImmediate } from 'node:timers/promises';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, test, vi } from 'vitest';
import { createJobQueue } from '../background-jobs/job-queue.ts';
import { startJobWorker } from '../background-jobs/job-worker.ts';
import { backOffMs, startWorker } from './start-worker.ts';
import { createGate, hang, noop, openWorkerPool } from '../background-jobs/test-jobs.ts';
import { startTestWorker, stopTime } from './test-worker.ts';

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
