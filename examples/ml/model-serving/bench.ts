import { monitorEventLoopDelay } from 'node:perf_hooks';
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
import { createTestModel, toRow } from './test-pool.ts';

const LOAD = { clients: 64, seconds: 0.7 };
const WIDTH = 1024;
const OWN_THREADS = 'ONNX Runtime as it comes: threads of its own';

const large = await createLargeModel(WIDTH);
const small = await createTestModel();
const megabytes = (large.bytes.length / 1e6).toFixed(0);
const about = `a network of ${megabytes} MB, ${LOAD.clients} callers`;

const tables = [
  ...(await compareAll(large, [
    {
      title: `Predictions, ${about}`,
      unit: 'predictions/s',
      better: 'higher',
      measure: measureRate,
    },
    {
      title: `Time to answer, 99th percentile, ${about}`,
      unit: 'ms',
      better: 'lower',
      measure: measureTime,
    },
    {
      title: `Delay of the event loop, 99th percentile, ${about}`,
      unit: 'ms',
      better: 'lower',
      measure: measureDelay,
    },
  ])),
  ...(await compareAll(small, [
    {
      title: `Predictions, the model of irises, ${LOAD.clients} callers`,
      unit: 'predictions/s',
      better: 'higher',
      measure: measureRate,
    },
  ])),
];
writeBench(new URL('bench.json', import.meta.url), {
  id: 'ml/model-serving',
  software: 'onnxruntime-node 1.30.0',
  tables,
});

type Question = Omit<Comparison, 'contenders'> & {
  measure: (serving: Serving) => Promise<number>;
};

async function compareAll(model: typeof large, questions: Question[]) {
  await using pattern = await startPattern(model);
  await using single = await startPattern(model, 1);
  await using naive = await startNaive(model);
  await using batches = await startBatchesInLoop(model);
  await using piscina = await startPiscina(model);
  const results = [];
  for (const { measure, ...question } of questions) {
    const contender = (
      name: string,
      serving: Serving,
      note?: string,
    ) => ({
      name,
      measure: () => measure(serving),
      ...(note && { note }),
    });
    results.push(
      await compare({
        ...question,
        contenders: [
          contender('this pattern, 2 threads', pattern),
          contender('its threads, a row at a time', single),
          contender('piscina 5.3, 2 threads', piscina),
          contender('in the event loop (naive)', naive, OWN_THREADS),
          contender(
            'in the event loop, in batches',
            batches,
            OWN_THREADS,
          ),
        ],
      }),
    );
  }
  return results;
}

function measureRate({ predict }: Serving) {
  return operationsPerSecond(LOAD, () => predict(toRow(5)));
}

async function measureTime({ predict }: Serving) {
  const times: number[] = [];
  await operationsPerSecond(LOAD, async () => {
    const began = performance.now();
    await predict(toRow(5));
    times.push(performance.now() - began);
  });
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length * 0.99)] ?? 0;
}

async function measureDelay(serving: Serving) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await measureRate(serving);
  delay.disable();
  return delay.percentile(99) / 1e6;
}
