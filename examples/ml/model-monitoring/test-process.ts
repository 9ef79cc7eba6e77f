import { Registry } from 'prom-client';
import { afterAll } from 'vitest';
import {
  type ModelPool,
  startModelPool,
} from '../model-serving/model-pool.ts';
import {
  createModelMonitor,
  type Predictor,
  watchPool,
} from './model-monitor.ts';
import type { Visit } from './test-traffic.ts';
import {
  trainWatchedModel,
  type WatchedModel,
  WORKER,
} from './train-watched-model.ts';

/** The model that all tests share, and the pool that serves it. */
export const model = await trainWatchedModel('1');
export const pool: ModelPool = await startModelPool({
  model: model.model,
  workerFile: WORKER,
  stuckMs: 60_000,
  maxWaiting: 10_000,
  log: console,
});
afterAll(() => pool.stop());

/** A deadline that never comes. */
export const never = () => new AbortController().signal;

type ProcessOptions = Partial<WatchedModel> & {
  predictor?: Predictor;
  rowsAlike?: number;
};

/** A process of the fleet without its HTTP: a monitor and what it exports. */
export function startProcess(options: ProcessOptions = {}) {
  const { predictor = pool, rowsAlike = 1 } = options;
  const { reference, model: file } = { ...model, ...options };
  const registry = new Registry();
  const monitor = createModelMonitor({ registry, rowsAlike });
  const { card } = file;
  const observe = monitor.add(card, reference);
  const watched = watchPool(
    { card, predict: predictor.predict },
    observe,
  );

  /** Predicts for each visit. */
  const serve = (visits: Visit[]) =>
    Promise.all(
      visits.map(({ flower }) => watched.predict(flower, never())),
    );

  /** Judges as many predictions as there are rights and wrongs. */
  function judge(right: number, wrong: number) {
    const predicted = monitor.describe(card, 'setosa');
    for (let n = 0; n < right + wrong; n++)
      monitor.judge(predicted, n < right ? 'setosa' : 'virginica');
  }

  /** How many rows it has told of each bin of a signal. */
  async function count(signal: string): Promise<number[]> {
    const counter = registry.getSingleMetric('model_signal_total');
    const { values } = (await counter?.get()) ?? { values: [] };
    return values
      .filter(({ labels }) => labels.signal === signal)
      .map(({ value }) => value);
  }

  return { monitor, registry, watched, serve, judge, count };
}
