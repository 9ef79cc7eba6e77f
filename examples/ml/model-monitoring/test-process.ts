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
import { countBins } from './test-simple-process.ts';
import type { Visit } from './test-traffic.ts';
import {
  trainWatchedModel,
  type WatchedModel,
  WORKER,
} from './train-watched-model.ts';

/** The model that all tests share. */
export const model = await trainWatchedModel('1');

let started: Promise<ModelPool> | undefined;

/** The pool that serves it; the first test that asks starts its thread. */
export function startPool(): Promise<ModelPool> {
  started ??= startModelPool({
    model: model.model,
    workerFile: WORKER,
    stuckMs: 60_000,
    maxWaiting: 10_000,
    log: console,
  });
  return started;
}

const sharedPool: Predictor = {
  predict: async (...asked) => (await startPool()).predict(...asked),
};

afterAll(async () => (await started)?.stop());

/** A deadline that never comes. */
export const never = () => new AbortController().signal;

type ProcessOptions = Partial<WatchedModel> & {
  predictor?: Predictor;
  rowsAlike?: number;
};

/** A process of the fleet without its HTTP: a monitor and what it exports. */
export function startProcess(options: ProcessOptions = {}) {
  const { predictor = sharedPool, rowsAlike = 1 } = options;
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

  const count = (signal: string) => countBins(registry, signal);
  return { monitor, registry, watched, serve, count };
}
