import { setImmediate } from 'node:timers/promises';
import { createTestLog } from '@touchstone/kit/testing/log';
import { vi } from 'vitest';
import { type Ended, startWorker } from './start-worker.ts';

/** From here on, time passes only as the test says. */
export function stopTime() {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'performance'],
  });
  return { [Symbol.dispose]: () => void vi.useRealTimers() };
}

type Item = { n: number };
type Settings = Partial<Parameters<typeof startWorker<Item>>[0]>;

/** The loop on items in memory. */
export function startTestWorker(settings: Settings = {}) {
  const due: Item[] = [];
  const limits: number[] = [];
  const begun: number[] = [];
  const settled: Ended<Item>[] = [];
  const log = createTestLog();
  /** These are due. */
  const put = (...numbers: number[]) =>
    void due.push(...numbers.map((n) => ({ n })));
  let fault: Error | undefined;
  const { work = noop, settle = noop, claim, ...others } = settings;
  const worker = startWorker<Item>({
    name: 'test',
    log,
    ...others,
    claim: async (limit) => {
      limits.push(limit);
      if (fault) throw fault;
      await claim?.(limit);
      return due.splice(0, limit);
    },
    work: (item, signal) => {
      begun.push(item.n);
      return work(item, signal);
    },
    settle: async (batch) => {
      await settle(batch);
      settled.push(...batch);
    },
  });

  return {
    ...worker,
    limits,
    begun,
    log,
    /** What was recorded of each item: `done`, or why it is not. */
    ends: () => settled.map(describeEnd),
    put,
    /** These are due, and the worker is told. */
    async add(...numbers: number[]) {
      put(...numbers);
      worker.wake();
      await pass(0);
    },
    failWith: (error: Error | undefined) => {
      fault = error;
    },
  };
}

function describeEnd({ item, result }: Ended<Item>) {
  if (result.status === 'fulfilled') return `${item.n} done`;
  const { code, message } = result.reason;
  return `${item.n} ${code ?? message}`;
}

/** Lets time pass, and what it causes happen. */
export async function pass(ms: number) {
  const step = Math.ceil(ms / 100) || 1;
  for (let left = ms; left >= 0; left -= step) {
    await vi.advanceTimersByTimeAsync(Math.min(step, left));
    for (let turn = 0; turn < 10; turn++) await setImmediate();
  }
}

/** Work that is done at once. */
export const noop = async () => {};

/** Work that never ends. */
export const hang = () => new Promise<never>(() => {});

/** A promise, and the function that keeps it. */
export function createGate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
