import { InferenceSession, Tensor } from 'onnxruntime-node';
import { Piscina } from 'piscina';
import { toRow } from './model-card.ts';
import type { Model } from './model-file.ts';
import { startModelPool } from './model-pool.ts';
import { createNaiveModel } from './naive.ts';
import { FLOWER, WORKER } from './test-pool.ts';

/** A way to serve a model, of one flower at a time as clients send them. */
export type Serving = AsyncDisposable & {
  predict: (signal: AbortSignal) => Promise<unknown>;
};

/** Threads of those that have some: as many as this machine has cores. */
const THREADS = 2;
const MOST_ROWS = 32;

/** This pattern; with `maxBatch: 1`, its threads without its batches. */
export async function startPattern(
  model: Model,
  maxBatch = MOST_ROWS,
): Promise<Serving> {
  const pool = await startModelPool({
    model,
    threads: THREADS,
    maxBatch,
    workerFile: WORKER,
    stuckMs: 10_000,
    log: console,
  });
  return {
    predict: (signal) => pool.predict(FLOWER, signal),
    [Symbol.asyncDispose]: pool.stop,
  };
}

/** In the event loop, as ONNX Runtime comes: its threads share one prediction. */
export async function startNaive(model: Model): Promise<Serving> {
  const { predict } = await createNaiveModel(model.bytes.slice());
  const row = Array.from(toRow(model.card, FLOWER));
  return {
    predict: () => predict(row),
    [Symbol.asyncDispose]: async () => {},
  };
}

type Compute = (rows: Float32Array) => Promise<Float32Array>;

/** What has come by the next turn of the event loop is a batch. */
function createBatcher(model: Model, compute: Compute) {
  const row = toRow(model.card, FLOWER);
  let waiting: PromiseWithResolvers<Float32Array>[] = [];

  async function predict() {
    const request = Promise.withResolvers<Float32Array>();
    if (waiting.push(request) === 1) setImmediate(computeAll);
    return request.promise;
  }

  function computeAll() {
    while (waiting.length > 0)
      void computeBatch(waiting.splice(0, MOST_ROWS));
    waiting = [];
  }

  async function computeBatch(batch: typeof waiting) {
    const rows = new Float32Array(batch.length * row.length);
    for (const index of batch.keys()) rows.set(row, index * row.length);
    try {
      const all = await compute(rows);
      const width = all.length / batch.length;
      for (const [index, request] of batch.entries())
        request.resolve(all.slice(index * width, (index + 1) * width));
    } catch (error) {
      for (const request of batch) request.reject(error);
    }
  }

  return predict;
}

/** In the event loop, with batches. */
export async function startBatchesInLoop(
  model: Model,
): Promise<Serving> {
  const session = await InferenceSession.create(model.bytes.slice());
  const predict = createBatcher(model, async (rows) => {
    const features = new Tensor('float32', rows, [rows.length / 4, 4]);
    const { probabilities } = await session.run({ features });
    return probabilities?.data as Float32Array;
  });
  return { predict, [Symbol.asyncDispose]: async () => {} };
}

/** The best known pool of worker threads, behind the same batcher; its queue is as long as that of the pattern. */
export async function startPiscina(model: Model): Promise<Serving> {
  const pool = new Piscina<Float32Array, Float32Array>({
    filename: new URL('bench-piscina.ts', import.meta.url).href,
    workerData: model,
    minThreads: THREADS,
    maxThreads: THREADS,
    maxQueue: 4,
  });
  return {
    predict: createBatcher(model, (rows) => pool.run(rows)),
    [Symbol.asyncDispose]: () => pool.close(),
  };
}
