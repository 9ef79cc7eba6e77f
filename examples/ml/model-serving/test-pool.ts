import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import type { Model } from './model-file.ts';
import { type ModelPoolOptions, startModelPool } from './model-pool.ts';
import { prepareFaults } from './test-faults.ts';
import { describeModel } from './train-model.ts';

/** A trained model with its card, as it would be read from a folder. */
export async function createTestModel(version = '1'): Promise<Model> {
  const model = trainIrisModel();
  return {
    bytes: model.onnx,
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
    workerFile: new URL('test-worker.ts', import.meta.url),
    // Only a test that is about it finds a thread too slow.
    slowMilliseconds: 60_000,
    ...options,
  });

  async function dispose() {
    faults.open();
    await pool.stop();
  }
  return {
    ...pool,
    /** Predicts for a flower, or for a row with a fault in it. */
    ask: (first = 5, signal = never()) =>
      pool.predict(toRow(first), signal),
    log,
    faults,
    [Symbol.asyncDispose]: dispose,
  };
}

/** A flower whose first feature is given. */
export const toRow = (first: number) =>
  Float32Array.from([first, 3, 4, 1]);

/** A deadline that never comes. */
export const never = () => new AbortController().signal;

/** Keeps what was logged, without its details' stacks. */
export function createTestLog() {
  const messages: string[] = [];
  const note = (message: string) => void messages.push(message);
  return { messages, info: note, warn: note, error: note };
}
