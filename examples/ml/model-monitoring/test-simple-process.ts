import { Registry } from 'prom-client';
import { createModelMonitor } from './model-monitor.ts';
import {
  answer,
  createCard,
  createSimpleReference,
} from './test-card.ts';

/** A process that predicts whatever a test says; healthy answers are half yes. */
export function startSimpleProcess({
  card = createCard(),
  reference = createSimpleReference(card),
  rowsAlike = 1,
} = {}) {
  const registry = new Registry();
  const monitor = createModelMonitor({ registry, rowsAlike });
  const count = monitor.add(card, reference);

  /** Observes so many rows. */
  function observe(
    rows: number,
    toValue: (n: number) => number | null,
    toLabel = (n: number) => `${card.labels[n % card.labels.length]}`,
  ) {
    for (let n = 0; n < rows; n++)
      count(answer(toValue(n), toLabel(n)));
  }

  /** Judges as many predictions as there are rights and wrongs. */
  function judge(right: number, wrong: number) {
    const predicted = monitor.describe(card, 'yes');
    for (let n = 0; n < right + wrong; n++)
      monitor.judge(predicted, n < right ? 'yes' : 'no');
  }

  const countOf = (signal: string) => countBins(registry, signal);
  return { registry, monitor, observe, judge, count: countOf };
}

/** How many rows a process exports for each bin of a signal. */
export async function countBins(
  registry: Registry,
  signal: string,
): Promise<number[]> {
  const counter = registry.getSingleMetric('model_signal_total');
  const { values } = (await counter?.get()) ?? { values: [] };
  return values
    .filter(({ labels }) => labels.signal === signal)
    .map(({ value }) => value);
}
