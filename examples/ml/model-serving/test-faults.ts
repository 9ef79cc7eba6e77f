import { setEnvironmentData } from 'node:worker_threads';
import { waitUntil } from '@touchstone/kit/time/wait';

/** Values of the first feature that make a test worker misbehave: no flower of the set has them. */
export const FAULTS = {
  crash: 5.375,
  exit: 5.25,
  crashOnce: 5.125,
  leak: 6.375,
  wait: 6.25,
  exitAfterwards: 6.125,
  noNumber: 6.5,
};

/** Where test workers count, in memory that all threads share. */
export const slot = {
  gate: 0,
  fuse: 1,
  batches: 2,
  rows: 3,
  refusals: 4,
};

/** What test workers find in their environment. */
export type FaultData = { counts: Int32Array };

/** Makes the shared memory for the test workers that start from now on. */
export function prepareFaults() {
  const counts = new Int32Array(new SharedArrayBuffer(20));
  counts[slot.fuse] = 1;
  setEnvironmentData('faults', { counts } satisfies FaultData);
  const read = (name: keyof typeof slot) => counts[slot[name]] ?? 0;

  /** Lets go all rows that wait, and those that come. */
  function open() {
    Atomics.store(counts, slot.gate, 1);
    Atomics.notify(counts, slot.gate);
  }

  return {
    open,
    /** So many threads will not start. */
    refuseStarts: (count: number) =>
      Atomics.store(counts, slot.refusals, count),
    rows: () => read('rows'),
    batches: () => read('batches'),
    /** Resolves once this many batches have reached a worker. */
    batchesBegun: (count: number) =>
      waitUntil(
        `${count} batches have begun`,
        () => read('batches') >= count,
      ),
  };
}
