import { build } from 'hdr-histogram-js';
import { Counter, Histogram, Registry } from 'prom-client';
import type { Prediction } from '../model-serving/model-card.ts';
import { createModelMonitor } from './model-monitor.ts';
import { toConfidence } from './model-reference.ts';
import type { WatchedModel } from './train-watched-model.ts';

/** One way of watching predictions. */
export type Observer = {
  observe: (prediction: Prediction) => void;
  registry: Registry;
};

/** This pattern. */
export function createPattern({
  model,
  reference,
}: WatchedModel): Observer {
  const registry = new Registry();
  const { add } = createModelMonitor({ registry });
  return { observe: add(model.card, reference), registry };
}

/** Each value is kept, to be sorted when somebody asks. */
export function createKeeper({ reference }: WatchedModel): Observer {
  const inputs = Object.keys(reference.features).map((name) => ({
    name,
    values: [] as number[],
  }));
  const confidences: number[] = [];
  const labels: string[] = [];

  function observe(prediction: Prediction) {
    for (const { name, values } of inputs)
      values.push(prediction.features[name] ?? Number.NaN);
    labels.push(prediction.label);
    confidences.push(toConfidence(prediction) ?? Number.NaN);
  }
  return { observe, registry: new Registry() };
}

/** prom-client's own histograms: buckets belong to a metric, so each signal has one. */
export function createHistograms({
  reference,
}: WatchedModel): Observer {
  const registry = new Registry();
  const toHistogram = ({ edges }: { edges: number[] }, name: string) =>
    new Histogram({
      name,
      help: name,
      buckets: edges,
      registers: [registry],
    });
  const inputs = Object.entries(reference.features).map(
    ([name, signal]) => ({
      name,
      histogram: toHistogram(signal, name),
    }),
  );
  const confidence = toHistogram(reference.confidence, 'confidence');
  const labels = new Counter({
    name: 'labels_total',
    help: 'Answers',
    labelNames: ['label'],
    registers: [registry],
  });

  function observe(prediction: Prediction) {
    for (const { name, histogram } of inputs)
      histogram.observe(prediction.features[name] ?? Number.NaN);
    labels.inc({ label: prediction.label });
    confidence.observe(toConfidence(prediction) ?? Number.NaN);
  }
  return { observe, registry };
}

/** HdrHistogram: any quantile to two digits, of whole numbers. */
export function createHdrHistograms({
  reference,
}: WatchedModel): Observer {
  const start = () => build({ numberOfSignificantValueDigits: 2 });
  const inputs = Object.keys(reference.features).map((name) => ({
    name,
    histogram: start(),
  }));
  const confidence = start();
  const labels = new Map<string, number>();

  function observe(prediction: Prediction) {
    for (const { name, histogram } of inputs)
      histogram.recordValue((prediction.features[name] ?? 0) * 1000);
    const { label } = prediction;
    labels.set(label, (labels.get(label) ?? 0) + 1);
    confidence.recordValue((toConfidence(prediction) ?? 0) * 1000);
  }
  return { observe, registry: new Registry() };
}
