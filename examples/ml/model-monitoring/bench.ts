import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { listen } from '@touchstone/kit/app/http';
import {
  type Contender,
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { createApp } from './app.ts';
import {
  createHdrHistograms,
  createHistograms,
  createKeeper,
  createNothing,
  createPattern,
  type Observer,
} from './bench-observers.ts';
import { createPredictionIds } from './prediction-ids.ts';
import { createSecrets } from './secrets.ts';
import { createClient } from './test-client.ts';
import { createTraffic, model } from './test-traffic.ts';

const LOAD = { clients: 8, seconds: 1.5 };
const OBSERVED = 20_000;
const COPIES = 20;
const SIGNALS = 6;
const { profile } = model;
const visits = createTraffic()(1000);
const observations = await Promise.all(
  visits.map(async ({ inputs }) => ({
    inputs,
    ...(await model.predict(inputs)),
  })),
);
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

type Way = { name: string; create: () => Observer; note?: string };
const pattern: Way = {
  name: 'this pattern',
  create: () => createPattern(profile),
};
const others: Way[] = [
  {
    name: 'each value kept (naive)',
    create: () => createKeeper(profile),
    note: 'sorting them comes on top, at each scrape',
  },
  {
    name: 'prom-client, a Histogram for each signal',
    create: () => createHistograms(profile),
    note: 'no bin for what is missing',
  },
  {
    name: 'hdr-histogram-js, 2 digits',
    create: () => createHdrHistograms(profile),
    note: 'its quantiles do not add up over processes',
  },
];
const [, histograms = pattern] = others;
const nothing: Way = { name: 'nobody watches', create: createNothing };

writeBench(new URL('bench.json', import.meta.url), {
  id: 'ml/model-monitoring',
  software: 'ONNX Runtime 1.30.0, prom-client 15.1.3',
  tables: [
    await compare({
      title: 'Observing predictions of four inputs, one thread',
      unit: 'predictions/s',
      better: 'higher',
      contenders: contend(others, measureRate),
    }),
    await compare({
      title: `Memory for each of six signals after ${OBSERVED} predictions and a scrape`,
      unit: 'bytes',
      better: 'lower',
      contenders: contend(others, measureMemory),
    }),
    await compare({
      title: `Predictions over HTTP, ${LOAD.clients} clients at once`,
      unit: 'predictions/s',
      better: 'higher',
      contenders: contend([histograms, nothing], measureHttp),
    }),
  ],
});

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

async function measureHttp({ create }: Way): Promise<number> {
  const { observe, registry } = create();
  const app = createApp({
    model,
    monitor: { observe, judge: () => {} },
    ids: createPredictionIds({
      secret: createSecrets().PREDICTION_SECRET,
    }),
    registry,
    log: console,
  });
  await using server = await listen(app);
  const { predict } = createClient(server.url);
  let sent = 0;
  return await operationsPerSecond(LOAD, () =>
    predict(visits[sent++ % visits.length]?.inputs ?? {}),
  );
}

function observeAll(observe: Observer['observe']): void {
  for (let row = 0; row < OBSERVED; row++) {
    const observation = observations[row % observations.length];
    if (observation) observe(observation);
  }
}

function readMemory(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
