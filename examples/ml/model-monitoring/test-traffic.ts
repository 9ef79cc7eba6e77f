import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { seededRandom } from '@touchstone/kit/testing/random';
import { Registry } from 'prom-client';
import { createModelMonitor } from './model-monitor.ts';
import type { Value } from './reference-profile.ts';
import {
  loadWatchedModel,
  nameFeatures,
  type WatchedModel,
} from './watched-model.ts';

/** What a client sends, and what the flower really is. */
export type Visit = { inputs: Record<string, Value>; truth: string };

/** How a test changes what healthy clients would send. */
export type Change = (visit: Visit, index: number) => Visit;

/** The model that all tests share. */
export const model = await loadWatchedModel('1');

/** Draws flowers as the model knows them; the same in each run. */
export function createTraffic(seed = 1) {
  const random = seededRandom(seed);
  const iris = trainIrisModel();
  const flowers = [...iris.trainingSet, ...iris.testSet];

  return function draw(
    count: number,
    change: Change = (visit) => visit,
  ): Visit[] {
    return Array.from({ length: count }, (_, index) => {
      const flower = flowers[Math.floor(random() * flowers.length)];
      const { features = [], label = 0 } = flower ?? {};
      const inputs = nameFeatures(iris, features);
      return change({ inputs, truth: `${iris.labels[label]}` }, index);
    });
  };
}

/** A process of the fleet without its HTTP: a monitor and what it exports. */
export function startProcess({ profile, predict }: WatchedModel) {
  const registry = new Registry();
  const monitor = createModelMonitor({ profile, registry });

  /** Predicts for each visit and counts it. */
  async function serve(visits: Visit[]) {
    for (const { inputs } of visits)
      monitor.observe({ inputs, ...(await predict(inputs)) });
  }

  /** How many rows it has counted in each bin of a signal. */
  async function count(signal: string): Promise<number[]> {
    const counter = registry.getSingleMetric('model_signal_total');
    const { values } = (await counter?.get()) ?? { values: [] };
    return values
      .filter(({ labels }) => labels.signal === signal)
      .map(({ value }) => value);
  }

  return { ...monitor, registry, serve, count };
}

/** A client that sends something else for one input. */
export function changeInput(
  name: string,
  change: (value: number, index: number) => Value,
): Change {
  return ({ inputs, truth }, index) => {
    const value = change(Number(inputs[name]), index);
    return { truth, inputs: { ...inputs, [name]: value } };
  };
}

/** A client that sends inches where the model learnt centimetres. */
export function inInches(name: string): Change {
  return changeInput(name, (value) => value / 2.54);
}
