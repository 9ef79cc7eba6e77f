import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { compare, writeBench } from '@touchstone/kit/testing/bench';
import { type BenchQueue, contenders } from './bench-contenders.ts';
import type { BenchWorkerData } from './bench-worker.ts';
import { count, SCHEMA } from './test-jobs.ts';

const BACKLOG = 80_000;
const WARM_UP = 200;
const WINDOW = 1000;
/** One each 2 ms, far from what any of them can do: ten are slower than the 99th percentile. */
const ARRIVALS = { jobs: 1000, every: 2 };

await using database = await freshDatabase({
  schema: SCHEMA,
  durable: true,
});
const { pool, url } = database;
const queues = new Map<string, BenchQueue>();
for (const [name, { open }] of Object.entries(contenders))
  queues.set(name, await open(url));

const tables = [];
for (const workers of [1, 4])
  tables.push(await compareLatency(workers));
for (const workers of [1, 4])
  tables.push(await compareThroughput(workers));

for (const queue of queues.values()) await queue.close();
const { rows } = await pool.query('show server_version');
writeBench(new URL('bench.json', import.meta.url), {
  id: 'jobs/background-jobs',
  software: `PostgreSQL ${rows[0].server_version}`,
  tables,
});

function compareThroughput(workers: number) {
  return compare({
    title: `Jobs a second, ${tell(workers)}`,
    unit: 'jobs/s',
    better: 'higher',
    contenders: list((name, queue) =>
      measureRate(name, queue, workers),
    ),
  });
}

function compareLatency(workers: number) {
  return compare({
    title: `From enqueue to start, 99th percentile, ${tell(workers)}`,
    unit: 'ms',
    better: 'lower',
    contenders: list((name, queue) =>
      measureStart(name, queue, workers),
    ),
  });
}

/** How many jobs are done and settled in a second, while there are always more. */
async function measureRate(
  name: string,
  queue: BenchQueue,
  workers: number,
) {
  const backlog = await count(pool, queue.waiting);
  if (backlog < BACKLOG) await queue.load(BACKLOG - backlog);
  // Autovacuum comes a minute after a burst: do not rely on it.
  await pool.query('analyze');
  await using _crew = await startCrew(name, workers);
  await pause(WARM_UP);
  // A count is of the moment in which it is asked.
  const start = performance.now();
  const before = await count(pool, queue.waiting);
  await pause(WINDOW);
  const end = performance.now();
  const after = await count(pool, queue.waiting);
  if (after === 0) throw new Error(`${name} emptied its backlog`);
  return ((before - after) / (end - start)) * 1000;
}

/** How long a job waits when workers have nothing else to do. */
async function measureStart(
  name: string,
  queue: BenchQueue,
  workers: number,
) {
  await using crew = await startCrew(name, workers);
  await pause(WARM_UP);
  const sends = [];
  for (let job = 0; job < ARRIVALS.jobs; job++) {
    const sent = performance.timeOrigin + performance.now();
    sends.push(queue.enqueue({ sent }));
    await pause(ARRIVALS.every);
  }
  await Promise.all(sends);
  while (await count(pool, queue.waiting)) await pause(20);
  const sorted = crew.latencies().toSorted();
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
}

/** Workers in threads of their own, as in processes of their own. */
async function startCrew(name: string, workers: number) {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const latencies = new Float64Array(
    new SharedArrayBuffer(8 * 2 * BACKLOG),
  );
  const data: BenchWorkerData = { name, url, counter, latencies };
  const file = new URL('bench-worker.ts', import.meta.url);
  const threads = Array.from(
    { length: workers },
    () => new Worker(file, { workerData: data }),
  );
  await Promise.all(threads.map((thread) => once(thread, 'message')));
  const started = threads.map((thread) => once(thread, 'message'));
  for (const thread of threads) thread.postMessage('start');
  await Promise.all(started);

  const begun = () => Atomics.load(counter, 0);
  async function stop() {
    const ended = threads.map((thread) => once(thread, 'exit'));
    for (const thread of threads) thread.postMessage('stop');
    await Promise.all(ended);
  }
  return {
    begun,
    latencies: () => latencies.slice(0, begun()),
    [Symbol.asyncDispose]: stop,
  };
}

function list(
  measure: (name: string, queue: BenchQueue) => Promise<number>,
) {
  const all = [...queues].map(([name, queue]) => ({
    name,
    ...(contenders[name]?.note && { note: contenders[name].note }),
    measure: () => measure(name, queue),
  }));
  const [first, ...others] = all;
  if (!first) throw new Error('there is nothing to measure');
  return [first, ...others] as [typeof first, ...typeof others];
}

function tell(workers: number): string {
  return workers === 1 ? 'one worker' : `${workers} workers`;
}
