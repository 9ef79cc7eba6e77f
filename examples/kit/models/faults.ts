import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { waitUntil } from '../time/wait.ts';

/** Values of the first feature that make a faulty model misbehave: no flower of the set has them. */
export const FAULTS = {
  crash: 5.375,
  exit: 5.25,
  crashOnce: 5.125,
  leak: 6.375,
  wait: 6.25,
  exitAfterwards: 6.125,
  noNumber: 6.5,
};

/** Where faulty models count, in memory that all threads share. */
const slot = { gate: 0, fuse: 1, batches: 2, rows: 3, refusals: 4 };

type Predict = (rows: Float32Array) => Promise<Float32Array>;

/** Makes the shared memory for the faulty models that are loaded from now on. */
export function prepareFaults() {
  const counts = new Int32Array(new SharedArrayBuffer(20));
  counts[slot.fuse] = 1;
  setEnvironmentData('faults', counts);
  const read = (name: keyof typeof slot) => counts[slot[name]] ?? 0;

  /** Lets go all rows that wait, and those that come. */
  function open() {
    Atomics.store(counts, slot.gate, 1);
    Atomics.notify(counts, slot.gate);
  }

  return {
    open,
    /** So many threads will not start. */
    refuseStarts: (count: number) => Atomics.store(counts, slot.refusals, count),
    rows: () => read('rows'),
    batches: () => read('batches'),
    /** Resolves once this many batches have reached a model. */
    batchesBegun: (count: number) =>
      waitUntil(`${count} batches have begun`, () => read('batches') >= count),
  };
}

/** In a thread, a model that is loaded as ever; some rows make it misbehave as a model might. */
export async function loadFaulty(load: () => Promise<Predict>): Promise<Predict> {
  const counts = getEnvironmentData('faults') as Int32Array;
  if (Atomics.sub(counts, slot.refusals, 1) > 0) throw new Error('it does not start');
  const predict = await load();
  return async (rows) => {
    Atomics.add(counts, slot.batches, 1);
    Atomics.add(counts, slot.rows, rows.length / 4);
    misbehave(rows, counts);
    const probabilities = await predict(rows);
    if (rows.includes(FAULTS.noNumber)) probabilities.fill(Number.NaN, 0, 1);
    if (rows.includes(FAULTS.exitAfterwards)) setImmediate(() => process.exit(3));
    return probabilities;
  };
}

const kept: Float64Array[] = [];

function misbehave(rows: Float32Array, counts: Int32Array) {
  if (rows.includes(FAULTS.crash)) throw new Error('it crashes');
  if (rows.includes(FAULTS.exit)) process.exit(3);
  if (rows.includes(FAULTS.crashOnce) && Atomics.exchange(counts, slot.fuse, 0) === 1)
    throw new Error('it crashes once');
  if (rows.includes(FAULTS.leak)) kept.push(new Float64Array(2 ** 20).fill(kept.length));
  if (rows.includes(FAULTS.wait)) Atomics.wait(counts, slot.gate, 0);
}
