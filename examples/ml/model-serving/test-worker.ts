import { getEnvironmentData, workerData } from 'node:worker_threads';
import { loadModel, type Predict } from './load-model.ts';
import { serveBatches } from './serve-batches.ts';
import { FAULTS, type FaultData, slot } from './test-faults.ts';

// The real worker; some rows make it misbehave as a model might.
const { counts } = getEnvironmentData('faults') as FaultData;
const kept: Float64Array[] = [];
void serveBatches(load());

async function load(): Promise<Predict> {
  if (Atomics.sub(counts, slot.refusals, 1) > 0)
    throw new Error('it does not start');
  const predict = await loadModel(workerData);
  return async (rows) => {
    Atomics.add(counts, slot.batches, 1);
    Atomics.add(counts, slot.rows, rows.length / 4);
    misbehave(rows);
    const probabilities = await predict(rows);
    if (rows.includes(FAULTS.noNumber))
      probabilities.fill(Number.NaN, 0, 1);
    if (rows.includes(FAULTS.exitAfterwards))
      setImmediate(() => process.exit(3));
    return probabilities;
  };
}

function misbehave(rows: Float32Array) {
  if (rows.includes(FAULTS.crash)) throw new Error('it crashes');
  if (rows.includes(FAULTS.exit)) process.exit(3);
  if (
    rows.includes(FAULTS.crashOnce) &&
    Atomics.exchange(counts, slot.fuse, 0) === 1
  )
    throw new Error('it crashes once');
  if (rows.includes(FAULTS.leak))
    kept.push(new Float64Array(2 ** 20).fill(kept.length));
  if (rows.includes(FAULTS.wait)) Atomics.wait(counts, slot.gate, 0);
}
