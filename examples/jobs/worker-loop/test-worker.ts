import { setImmediate } from 'node:timers/promises';
import { createTestLog } from '@touchstone/kit/testing/log';
import { vi } from 'vitest';
import { startWorker } from './start-worker.ts';
import { noop } from '../background-jobs/test-jobs.ts';

/** From here on, time passes only as the test says. */
export function stopTime() {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'performance'],
  });
  return { [Symbol.dispose]: () => void vi.useRealTimers() };
}

type Item = { n: number };
type LoopSettings = Partial<Parameters<typeof startWorker<Item>>[0]>;

/** The loop on items in memory. */
export function startTestWorker(settings: LoopSettings) {
  const due: Item[] = [];
  const limits: number[] = [];
  const begun: number[] = [];
  const settled: PromiseSettledResult<void>[] = [];
  const log = createTestLog();
  let fault: Error | undefined;
  const { work = noop, settle = noop, ...others } = settings;
  const worker = startWorker<Item>({
    name: 'test',
    log,
    ...others,
    claim: async (limit) => {
      limits.push(limit);
      if (fault) throw fault;
      return due.splice(0, limit);
    },
    work: (item, signal) => {
      begun.push(item.n);
      return work(item, signal);
    },
    settle: async (batch) => {
      settled.push(...batch.map(({ result }) => result));
      await settle(batch);
    },
  });

  return {
    ...worker,
    limits,
    begun,
    settled,
    log,
    add: (...numbers: number[]) =>
      void due.push(...numbers.map((n) => ({ n }))),
    failWith: (error: Error | undefined) => {
      fault = error;
    },
    /** Lets time pass, and what it causes happen. */
    async pass(ms: number) {
      const step = Math.ceil(ms / 100);
      for (let left = ms; left >= 0; left -= step || 1) {
        await vi.advanceTimersByTimeAsync(Math.min(step, left));
        for (let turn = 0; turn < 10; turn++) await setImmediate();
      }
    },
  };
}
