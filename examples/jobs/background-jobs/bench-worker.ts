import { parentPort, workerData } from 'node:worker_threads';
import { contenders } from './bench-contenders.ts';

/** What a thread is told, and the memory in which it counts. */
export type BenchWorkerData = {
  name: string;
  url: string;
  /** One number: how many jobs have begun, in all threads. */
  counter: Int32Array;
  /** The milliseconds from enqueue to start, for jobs that say when they were sent. */
  latencies: Float64Array;
};

const { name, url, counter, latencies }: BenchWorkerData = workerData;
const queue = await contenders[name]?.open(url);

async function onJob({ sent }: { sent: number }) {
  const index = Atomics.add(counter, 0, 1);
  if (sent) latencies[index] = tellTime() - sent;
}

/** The same in all threads of a process. */
function tellTime(): number {
  return performance.timeOrigin + performance.now();
}

parentPort?.once('message', async () => {
  const stop = await queue?.start(onJob);
  parentPort?.postMessage('started');
  parentPort?.once('message', async () => {
    await stop?.();
    await queue?.close();
  });
});
parentPort?.postMessage('ready');
