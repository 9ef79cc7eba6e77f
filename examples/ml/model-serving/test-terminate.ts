import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import {
  isMainThread,
  parentPort,
  Worker,
  workerData,
} from 'node:worker_threads';
import { createLargeModel } from './large-model.ts';
import { loadModel } from './load-model.ts';
import type { Model } from './model-file.ts';

// A thread that is nearly always inside native code, and its parent.
if (isMainThread) {
  const model = await createLargeModel(256);
  // Between two calls it does no harm, so one attempt may not be enough.
  for (let attempt = 0; attempt < 20; attempt++)
    await terminateThread(model);
  console.log('all have ended');
} else {
  const predict = await loadModel(workerData);
  const rows = new Float32Array(4 * 2 ** 15).fill(1);
  for (;;) {
    const began = performance.now();
    await predict(rows);
    parentPort?.postMessage(performance.now() - began);
  }
}

async function terminateThread(model: Model) {
  const worker = new Worker(new URL(import.meta.url), {
    workerData: model,
  });
  await once(worker, 'message');
  await setTimeout(20);
  await worker.terminate();
}
