import { getEnvironmentData, workerData } from 'node:worker_threads';
import { loadModel } from '../model-serving/load-model.ts';
import { serveBatches } from '../model-serving/serve-batches.ts';
import { FAULTS } from './test-faults.ts';

// The real worker; some rows make it misbehave as a model might.
const state = getEnvironmentData('gate') as Int32Array;
void serveBatches(load());

async function load() {
  const predict = await loadModel(workerData);
  return async (rows: Float32Array) => {
    Atomics.add(state, 1, 1);
    if (rows.includes(FAULTS.crash)) throw new Error('it crashes');
    if (rows.includes(FAULTS.wait)) Atomics.wait(state, 0, 0);
    const probabilities = await predict(rows);
    return rows.includes(FAULTS.noNumber)
      ? probabilities.fill(Number.NaN)
      : probabilities;
  };
}
