import { getHeapStatistics } from 'node:v8';
import { parentPort } from 'node:worker_threads';
import type { Predict } from './load-model.ts';

/** What a thread sends back: the probabilities of all rows, and the memory that it holds. */
export type BatchAnswer = {
  probabilities: Float32Array;
  bytes: number;
};

/** Serves this thread's parent until it says `end`. What throws ends the thread: none goes on in an unknown state. */
export function serveBatches(predict: Predict): void {
  const port = parentPort;
  if (!port) throw new Error('serveBatches needs a worker thread');

  port.on('message', async (rows: Float32Array | 'end') => {
    if (rows === 'end') return port.close();
    const probabilities = await predict(rows);
    const { used_heap_size, external_memory } = getHeapStatistics();
    const bytes = used_heap_size + external_memory;
    port.postMessage({ probabilities, bytes } satisfies BatchAnswer);
  });
  port.postMessage('ready');
}
