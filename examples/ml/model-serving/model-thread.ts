import { Worker } from 'node:worker_threads';
import type { Model } from './model-file.ts';
import type { BatchAnswer } from './serve-batches.ts';

/** A thread that has, or will have, loaded the model. */
export type ModelThread = ReturnType<typeof startModelThread>;

type ModelThreadOptions = {
  model: Model;
  slowMilliseconds: number;
  workerFile?: URL;
};

const WORKER = new URL('model-worker.ts', import.meta.url);

/** Starts a thread that computes one batch at a time. */
export function startModelThread(options: ModelThreadOptions) {
  const { model, slowMilliseconds, workerFile = WORKER } = options;
  const worker = new Worker(workerFile, { workerData: model });
  const ready = Promise.withResolvers<BatchAnswer>();
  let current: typeof ready | undefined = ready;
  let cause: unknown;

  worker.on('message', (message) => current?.resolve(message));
  worker.on('error', (error) => {
    cause = error;
  });
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      current?.reject(new Error('The worker ended', { cause }));
      resolve();
    });
  });

  // #region run-a-batch
  async function run(rows: Float32Array[]) {
    const answer = Promise.withResolvers<BatchAnswer>();
    current = answer; // whatever comes later finds nobody
    const tooSlow = () => answer.reject(new Error('It is too slow'));
    const limit = setTimeout(tooSlow, slowMilliseconds);
    try {
      worker.postMessage(join(rows));
      const { probabilities, bytes } = await answer.promise;
      return { answers: split(probabilities, rows.length), bytes };
    } finally {
      clearTimeout(limit);
      current = undefined;
    }
  }

  // Never terminate(): it aborts the whole process when the thread
  // is inside onnxruntime-node 1.30. This waits until it is not.
  const end = () => worker.postMessage('end');
  // #endregion run-a-batch

  return { ready: ready.promise, exited, run, end };
}

function join(rows: Float32Array[]): Float32Array {
  const [first] = rows;
  const width = first?.length ?? 0;
  const joined = new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries())
    joined.set(row, index * width);
  return joined;
}

/** Copies, not views: an answer that is kept does not keep its batch. */
function split(all: Float32Array, count: number): Float32Array[] {
  const width = all.length / count;
  return Array.from({ length: count }, (_, index) =>
    all.slice(index * width, (index + 1) * width),
  );
}
