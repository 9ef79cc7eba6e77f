import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  type Contender,
  compare,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { Registry } from 'prom-client';
import { startModelPool } from '../model-serving/model-pool.ts';
import {
  createHdrHistograms,
  createHistograms,
  createKeeper,
  createPattern,
  type Observer,
} from './bench-observers.ts';
import { watchPool } from './model-monitor.ts';
import { createTraffic } from './test-traffic.ts';
import { trainWatchedModel, WORKER } from './train-watched-model.ts';

const OBSERVED = 20_000;
const COPIES = 20;
const SIGNALS = 6;
const CALLERS = 64;
const watched = await trainWatchedModel('1');
const pool = await startModelPool({
  model: watched.model,
  workerFile: WORKER,
  stuckMs: 60_000,
  log: console,
});
const never = new AbortController().signal;
const flowers = createTraffic()(1000).map(({ flower }) => flower);
const predictions: Awaited<ReturnType<typeof pool.predict>>[] = [];
for (const flower of flowers)
  predictions.push(await pool.predict(flower, never));
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

type Way = { name: string; create: () => Observer; note?: string };
const pattern: Way = {
  name: 'this pattern',
  create: () => createPattern(watched),
};
const others: Way[] = [
  {
    name: 'each value kept (naive)',
    create: () => createKeeper(watched),
    note: 'sorting them comes on top, at each scrape',
  },
  {
    name: 'prom-client, a Histogram for each signal',
    create: () => createHistograms(watched),
    note: 'no bin for what is missing',
  },
  {
    name: 'hdr-histogram-js, 2 digits',
    create: () => createHdrHistograms(watched),
    note: 'its quantiles do not add up over processes',
  },
];
const [, histograms = pattern] = others;
const unwatched: Way = {
  name: 'nobody watches',
  create: () => ({ observe: () => {}, registry: new Registry() }),
};

writeBench(new URL('bench.json', import.meta.url), {
  id: 'ml/model-monitoring',
  software: 'onnxruntime-node 1.30.0, prom-client 15.1.3',
  tables: [
    await compare({
      title: 'Observing predictions of four inputs, one thread',
      unit: 'predictions/s',
      better: 'higher',
      contenders: contend(others, measureRate),
    }),
    await compare({
      title: `Memory for each of six signals after ${OBSERVED.toLocaleString('en')} predictions and a scrape`,
      unit: 'bytes',
      better: 'lower',
      contenders: contend(others, measureMemory),
    }),
    await compare({
      title: `Predictions of the pool, one thread, ${CALLERS} callers that wait for each answer`,
      unit: 'predictions/s',
      better: 'higher',
      contenders: contend([histograms, unwatched], measurePool),
    }),
  ],
});
await pool.stop();

function contend(
  rivals: Way[],
  measure: (way: Way) => Promise<number>,
): [Contender, ...Contender[]] {
  const toContender = (way: Way): Contender => ({
    name: way.name,
    measure: () => measure(way),
    ...(way.note && { note: way.note }),
  });
  return [toContender(pattern), ...rivals.map(toContender)];
}

async function measureRate({ create }: Way): Promise<number> {
  const { observe } = create();
  const start = performance.now();
  for (let round = 0; round < 10; round++) observeAll(observe);
  return (10 * OBSERVED * 1000) / (performance.now() - start);
}

async function measureMemory({ create }: Way): Promise<number> {
  collectGarbage();
  const before = readMemory();
  const copies = Array.from({ length: COPIES }, create);
  for (const { observe, registry } of copies) {
    observeAll(observe);
    await registry.metrics();
  }
  collectGarbage();
  const bytes = readMemory() - before;
  return bytes / copies.length / SIGNALS;
}

async function measurePool({ create }: Way): Promise<number> {
  const { predict } = watchPool(pool, create().observe);
  let sent = 0;
  const start = performance.now();
  async function call() {
    while (sent < OBSERVED)
      await predict(flowers[sent++ % flowers.length], never);
  }
  await Promise.all(Array.from({ length: CALLERS }, call));
  return (OBSERVED * 1000) / (performance.now() - start);
}

function observeAll(observe: Observer['observe']): void {
  for (let row = 0; row < OBSERVED; row++) {
    const prediction = predictions[row % predictions.length];
    if (prediction) observe(prediction);
  }
}

function readMemory(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
