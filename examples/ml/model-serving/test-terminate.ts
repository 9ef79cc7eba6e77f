import { setTimeout } from 'node:timers/promises';
import {
  isMainThread,
  parentPort,
  Worker,
  workerData,
} from 'node:worker_threads';
import { createLargeModel } from './large-model.ts';
import { loadModel } from './load-model.ts';

// A thread that is nearly always inside native code, and its parent.
if (isMainThread) {
  const model = await createLargeModel(256);
  const worker = new Worker(new URL(import.meta.url), {
    workerData: model,
  });
  worker.once('message', async () => {
    // Past the moment between two calls, in which it does no harm.
    await setTimeout(20);
    console.log('terminating');
    await worker.terminate();
    console.log('it has ended');
  });
} else {
  const predict = await loadModel(workerData);
  const rows = new Float32Array(4 * 2 ** 15).fill(1);
  for (;;) {
    const began = performance.now();
    await predict(rows);
    parentPort?.postMessage(performance.now() - began);
  }
}
