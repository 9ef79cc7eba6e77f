import { setTimeout } from 'node:timers/promises';
import {
  type Comparison,
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import {
  type Serving,
  startBatchesInLoop,
  startNaive,
  startPattern,
  startPiscina,
} from './bench-contenders.ts';
import { createLargeModel } from './large-model.ts';
import { never } from './test-pool.ts';

const LOAD = { clients: 64, seconds: 2 };
const OVERLOAD_SECONDS = 3;
const DEADLINE_MS = 100;
const OWN_THREADS = 'ONNX Runtime as it comes: threads of its own';

writeBench(new URL('bench.json', import.meta.url), {
  id: 'ml/model-serving',
  software: 'onnxruntime-node 1.30.0',
  tables: [
    await withContenders(1024, (megabytes, contenders) =>
      compareAll(contenders, measureRate, {
        title: `Predictions, a network of ${megabytes} MB, ${LOAD.clients} callers that wait for each answer`,
        unit: 'predictions/s',
        better: 'higher',
      }),
    ),
    // So large that those who ask take little of the processor.
    await withContenders(4096, async (megabytes, contenders) => {
      const twice = 2 * (await measureRate(contenders.pattern));
      const measure = (serving: Serving) =>
        measureGoodput(serving, twice);
      return compareAll(contenders, measure, {
        title: `Answers within ${DEADLINE_MS} ms, a network of ${megabytes} MB, at twice the rate that this pattern can compute`,
        unit: 'answers/s',
        better: 'higher',
      });
    }),
  ],
});

type Contenders = Record<
  'pattern' | 'single' | 'piscina' | 'naive' | 'batches',
  Serving
>;

async function withContenders<T>(
  width: number,
  work: (megabytes: string, contenders: Contenders) => Promise<T>,
) {
  const model = await createLargeModel(width);
  await using pattern = await startPattern(model);
  await using single = await startPattern(model, 1);
  await using piscina = await startPiscina(model);
  await using naive = await startNaive(model);
  await using batches = await startBatchesInLoop(model);
  const megabytes = (model.bytes.length / 1e6).toFixed(0);
  const contenders = { pattern, single, piscina, naive, batches };
  return await work(megabytes, contenders);
}

function compareAll(
  { pattern, single, piscina, naive, batches }: Contenders,
  measure: (serving: Serving) => Promise<number>,
  about: Omit<Comparison, 'contenders'>,
) {
  const contend = (name: string, serving: Serving, note?: string) => ({
    name,
    measure: () => measure(serving),
    ...(note && { note }),
  });
  return compare({
    ...about,
    contenders: [
      contend('this pattern, 2 threads', pattern),
      contend('its threads, a row at a time', single),
      contend('piscina 5.3, 2 threads, in batches', piscina),
      contend('in the event loop (naive)', naive, OWN_THREADS),
      contend('in the event loop, in batches', batches, OWN_THREADS),
    ],
  });
}

function measureRate({ predict }: Serving) {
  const signal = never();
  return operationsPerSecond(LOAD, () => predict(signal));
}

/** Requests come whether or not earlier ones are answered: each millisecond so many. */
async function measureGoodput({ predict }: Serving, rate: number) {
  const began = performance.now();
  const end = began + OVERLOAD_SECONDS * 1000;
  let sent = 0;
  let inTime = 0;
  async function ask() {
    const asked = performance.now();
    try {
      await predict(AbortSignal.timeout(DEADLINE_MS));
      if (performance.now() - asked <= DEADLINE_MS) inTime += 1;
    } catch {} // refused or late: it does not count
  }
  while (performance.now() < end) {
    const due = ((performance.now() - began) * rate) / 1000;
    for (; sent < due; sent++) void ask();
    await setTimeout(1);
  }
  const seconds = (performance.now() - began) / 1000;
  await setTimeout(2000); // what is late must not slow the next one
  return inTime / seconds;
}
