import { prepareFaults } from '@touchstone/kit/models/faults';
import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { createTestLog } from '@touchstone/kit/testing/log';
import { type Model, shareBytes } from './model-file.ts';
import { type ModelPoolOptions, startModelPool } from './model-pool.ts';
import { describeModel } from './train-model.ts';

/** The file that a thread runs, as it is here. */
export const WORKER = new URL('model-worker.ts', import.meta.url);

/** The same with faults. */
export const TEST_WORKER = new URL('test-worker.ts', import.meta.url);

/** A versicolor, and an ordinary one. */
export const FLOWER = {
  sepalLength: 5.9,
  sepalWidth: 3,
  petalLength: 4.2,
  petalWidth: 1.5,
};

/** A trained model with its card, as it would be read from a folder. */
export async function createTestModel(version = '1'): Promise<Model> {
  const model = trainIrisModel();
  return {
    bytes: shareBytes(model.onnx),
    card: await describeModel(model, version),
  };
}

/** A pool of one thread that can misbehave, unless told otherwise. */
export async function startTestPool(
  options: Partial<ModelPoolOptions> = {},
) {
  const faults = prepareFaults();
  const log = createTestLog();
  const pool = await startModelPool({
    model: await createTestModel(),
    log,
    workerFile: TEST_WORKER,
    // Only a test that is about it finds a thread stuck.
    stuckMs: 60_000,
    ...options,
  });

  /** Predicts for a flower, or for one with a fault in it. */
  async function ask(sepalLength = 5, signal = never()) {
    return pool.predict({ ...FLOWER, sepalLength }, signal);
  }

  async function dispose() {
    faults.open();
    await pool.stop();
  }
  return {
    ...pool,
    ask,
    log,
    faults,
    messages: () => log.entries.map(({ message }) => message),
    [Symbol.asyncDispose]: dispose,
  };
}

/** A deadline that never comes. */
export const never = () => new AbortController().signal;
