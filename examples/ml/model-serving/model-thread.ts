import { Worker } from 'node:worker_threads';
import type { Model } from './model-file.ts';
import type { BatchAnswer } from './serve-batches.ts';

/** A thread that has, or will have, loaded the model. */
export type ModelThread = ReturnType<typeof startModelThread>;

/** Which model a thread loads, and how long it may take. */
export type ModelThreadOptions = {
  model: Model;
  /** The file that calls `serveBatches`, as your build emits it. */
  workerFile: URL | string;
  /** A thread that has one batch for longer counts as lost. */
  stuckMs: number;
  /** So does one that loads for longer. */
  loadMs: number;
};

type Answer = PromiseWithResolvers<BatchAnswer>;

/** Starts a thread that computes one batch at a time. */
export function startModelThread(options: ModelThreadOptions) {
  const { model, workerFile, stuckMs, loadMs } = options;
  const worker = new Worker(workerFile, { workerData: model });
  let current: Answer = Promise.withResolvers();
  let cause: unknown;

  worker.on('message', (message) => current.resolve(message));
  worker.on('error', (error) => {
    cause = error;
  });
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      current.reject(new Error('The worker ended', { cause }));
      resolve();
    });
  });

  // #region run-a-batch
  async function run(rows: Float32Array[]) {
    current = Promise.withResolvers();
    worker.postMessage(join(rows));
    const { probabilities, grownBytes } = await limit(current, stuckMs);
    return { answers: split(probabilities, rows.length), grownBytes };
  }

  // Never terminate(): it aborts the whole process when the thread
  // is inside onnxruntime-node 1.30. This waits until it is not.
  const end = () => worker.postMessage('end');
  // #endregion run-a-batch

  return { ready: limit(current, loadMs), exited, run, end };
}

/** Rejects after ten ticks: a process that was paused has one. */
async function limit(answer: Answer, milliseconds: number) {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
    if (ticks < 10) return;
    // An answer that has arrived meanwhile comes first.
    setImmediate(() => answer.reject(new Error('It is stuck')));
  }, milliseconds / 10);
  try {
    return await answer.promise;
  } finally {
    clearInterval(timer);
  }
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
