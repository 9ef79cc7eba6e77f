import { InferenceSession, Tensor } from 'onnxruntime-node';
import { Piscina } from 'piscina';
import type { Model } from './model-file.ts';
import { startModelPool } from './model-pool.ts';
import { createNaiveModel } from './naive.ts';
import { never } from './test-pool.ts';

/** A way to serve a model, of one row at a time as clients send them. */
export type Serving = AsyncDisposable & {
  predict: (row: Float32Array) => Promise<Float32Array>;
};

/** Threads of those that have some: as many as this machine has cores. */
const THREADS = 2;

/** This pattern; with `maxBatch: 1`, its threads without its batches. */
export async function startPattern(
  model: Model,
  maxBatch = 32,
): Promise<Serving> {
  const pool = await startModelPool({
    model,
    threads: THREADS,
    maxBatch,
    log: console,
  });
  const signal = never();
  return {
    predict: (row) => pool.predict(row, signal),
    [Symbol.asyncDispose]: pool.stop,
  };
}

/** In the event loop, as ONNX Runtime comes: its threads share one prediction. */
export async function startNaive({ bytes }: Model): Promise<Serving> {
  const { predict } = await createNaiveModel(bytes);
  return {
    predict: (row) => predict(Array.from(row)),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** In the event loop, with batches: what has come by the next turn is one. */
export async function startBatchesInLoop({
  bytes,
}: Model): Promise<Serving> {
  const session = await InferenceSession.create(bytes);
  type Request = PromiseWithResolvers<Float32Array> & {
    row: Float32Array;
  };
  let waiting: Request[] = [];

  async function predict(row: Float32Array) {
    const request = { ...Promise.withResolvers<Float32Array>(), row };
    if (waiting.push(request) === 1) setImmediate(compute);
    return request.promise;
  }

  async function compute() {
    const batch = waiting;
    waiting = [];
    const rows = new Float32Array(batch.length * 4);
    for (const [index, { row }] of batch.entries())
      rows.set(row, index * 4);
    const features = new Tensor('float32', rows, [batch.length, 4]);
    const { probabilities } = await session.run({ features });
    const all = probabilities?.data as Float32Array;
    for (const [index, request] of batch.entries())
      request.resolve(all.slice(index * 3, index * 3 + 3));
  }

  return { predict, [Symbol.asyncDispose]: async () => {} };
}

/** The best known pool of worker threads: a task is a row. */
export async function startPiscina(model: Model): Promise<Serving> {
  const pool = new Piscina<Float32Array, Float32Array>({
    filename: new URL('bench-piscina.ts', import.meta.url).href,
    workerData: model,
    minThreads: THREADS,
    maxThreads: THREADS,
  });
  return {
    predict: (row) => pool.run(row),
    [Symbol.asyncDispose]: () => pool.close(),
  };
}
