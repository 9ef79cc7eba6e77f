import { getHeapStatistics } from 'node:v8';
import { parentPort } from 'node:worker_threads';
import type { Predict } from './load-model.ts';

/** What a thread sends back: the probabilities of all rows, and how much memory it has gained. */
export type BatchAnswer = {
  probabilities: Float32Array;
  grownBytes: number;
};

/** Serves this thread's parent until it says `end`. What throws ends the thread: it never goes on in an unknown state. */
export async function serveBatches(
  loading: Promise<Predict>,
): Promise<void> {
  const predict = await loading;
  const port = parentPort;
  if (!port) throw new Error('serveBatches needs a worker thread');
  const before = countBytes();

  port.on('message', async (rows: Float32Array | 'end') => {
    if (rows === 'end') return port.close();
    const probabilities = await predict(rows);
    const grownBytes = countBytes() - before;
    const answer: BatchAnswer = { probabilities, grownBytes };
    port.postMessage(answer);
  });
  port.postMessage('ready');
}

function countBytes(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}
