import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { vi } from 'vitest';

/** A thread that never says that it is ready, and ends when it is told to. */
export const SILENT_WORKER = new URL(
  `data:text/javascript,
  import { parentPort } from 'node:worker_threads';
  parentPort.once('message', () => {});`,
);

/** Intervals that pass only when the test says so. */
export function holdIntervals() {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });

  /** Resolves when what the ticks have set off is done. */
  async function pass(milliseconds: number) {
    vi.advanceTimersByTime(milliseconds);
    await setImmediate();
  }

  const dispose = () => void vi.useRealTimers();
  return { pass, count: vi.getTimerCount, [Symbol.dispose]: dispose };
}

/** Lists the threads that are started from here on. */
export function watchThreads() {
  const started: Worker[] = [];
  const add = (thread: Worker) => void started.push(thread);
  process.on('worker', add);
  const dispose = () => void process.off('worker', add);
  return { started, [Symbol.dispose]: dispose };
}
