import { build } from 'hdr-histogram-js';
import { Counter, Histogram, Registry } from 'prom-client';
import {
  createModelMonitor,
  type Observation,
} from './model-monitor.ts';
import type { NumericSignal, Profile } from './reference-profile.ts';

/** One way of watching predictions. */
export type Observer = {
  observe: (observation: Observation) => void;
  registry: Registry;
};

/** This pattern. */
export function createPattern(profile: Profile): Observer {
  const registry = new Registry();
  const { observe } = createModelMonitor({ profile, registry });
  return { observe, registry };
}

/** Nobody looks. */
export function createNothing(): Observer {
  return { observe: () => {}, registry: new Registry() };
}

/** Each value is kept, to be sorted when somebody asks. */
export function createKeeper(profile: Profile): Observer {
  const inputs = Object.keys(profile.inputs).map((name) => ({
    name,
    values: [] as number[],
  }));
  const confidences: number[] = [];
  const labels: string[] = [];

  function observe(observation: Observation) {
    for (const { name, values } of inputs)
      values.push(observation.inputs[name] ?? Number.NaN);
    labels.push(observation.label);
    confidences.push(observation.confidence);
  }
  return { observe, registry: new Registry() };
}

/** prom-client's own histograms: buckets belong to a metric, so each signal has one. */
export function createHistograms(profile: Profile): Observer {
  const registry = new Registry();
  const toHistogram = ({ edges }: NumericSignal, name: string) =>
    new Histogram({
      name,
      help: name,
      buckets: edges,
      registers: [registry],
    });
  const inputs = Object.entries(profile.inputs).map(
    ([name, signal]) => ({
      name,
      histogram: toHistogram(signal, name),
    }),
  );
  const confidence = toHistogram(profile.confidence, 'confidence');
  const labels = new Counter({
    name: 'labels_total',
    help: 'Answers',
    labelNames: ['label'],
    registers: [registry],
  });

  function observe(observation: Observation) {
    for (const { name, histogram } of inputs)
      histogram.observe(observation.inputs[name] ?? Number.NaN);
    labels.inc({ label: observation.label });
    confidence.observe(observation.confidence);
  }
  return { observe, registry };
}

/** HdrHistogram: any quantile to two digits, of whole numbers. */
export function createHdrHistograms(profile: Profile): Observer {
  const start = () => build({ numberOfSignificantValueDigits: 2 });
  const inputs = Object.keys(profile.inputs).map((name) => ({
    name,
    histogram: start(),
  }));
  const confidence = start();
  const labels = new Map<string, number>();

  function observe(observation: Observation) {
    for (const { name, histogram } of inputs)
      histogram.recordValue((observation.inputs[name] ?? 0) * 1000);
    const { label } = observation;
    labels.set(label, (labels.get(label) ?? 0) + 1);
    confidence.recordValue(observation.confidence * 1000);
  }
  return { observe, registry: new Registry() };
}
