import { Counter, Gauge, type Registry } from 'prom-client';
import {
  findBin,
  findClass,
  findLimit,
  type Profile,
  type Signal,
  smoothShares,
  type Value,
} from './reference-profile.ts';

/** What went into a model and what came out. */
export type Observation = {
  inputs: Record<string, Value>;
  label: string;
  confidence: number;
};

/** A prediction whose truth is known by now. */
export type Judgement = {
  version: string;
  predicted: string;
  truth: string;
};

/** Counts what a model meets and does, for Prometheus to compare with the profile. */
export function createModelMonitor(options: {
  profile: Profile;
  registry: Registry;
}) {
  const { profile, registry } = options;
  const { version } = profile;
  const inputs = Object.entries(profile.inputs).map(
    ([name, signal]) => ({ name, ...startTally(signal) }),
  );
  const label = startTally(profile.label);
  const confidence = startTally(profile.confidence);
  const tallies = [...inputs, label, confidence];
  const outcomes = new Map([[version, { right: 0, wrong: 0 }]]);

  // #region observe
  /** Some comparisons and additions: no clock, no I/O, nothing kept. */
  function observe(observation: Observation): void {
    // Names and bins are the profile's, never the client's: nobody
    // outside can add a time series.
    for (const { name, signal, counts } of inputs)
      add(counts, findBin(signal.edges, observation.inputs[name]));
    add(label.counts, findClass(label.signal.bins, observation.label));
    add(
      confidence.counts,
      findBin(confidence.signal.edges, observation.confidence),
    );
  }
  // #endregion observe

  /** Counts for the version that predicted, whichever runs here now. */
  function judge({ version, predicted, truth }: Judgement): void {
    const counts = outcomes.get(version) ?? { right: 0, wrong: 0 };
    counts[predicted === truth ? 'right' : 'wrong']++;
    outcomes.set(version, counts);
  }

  new Counter({
    name: 'model_signal_total',
    help: 'Predictions by the bin of each signal',
    labelNames: ['version', 'signal', 'bin'],
    registers: [registry],
    collect() {
      this.reset();
      // Zeros too: increase() needs the zero before the first one.
      for (const { signal, counts } of tallies)
        for (const [index, bin] of signal.bins.entries())
          this.inc(
            { version, signal: signal.name, bin },
            counts[index],
          );
    },
  });

  new Counter({
    name: 'model_outcome_total',
    help: 'Predictions whose truth is known, by whether they were right',
    labelNames: ['version', 'outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [version, { right, wrong }] of outcomes) {
        this.inc({ version, outcome: 'right' }, right);
        this.inc({ version, outcome: 'wrong' }, wrong);
      }
    },
  });

  exportReference(profile, registry);
  return { observe, judge };
}

/** What counts are compared with: each process tells it, so that rules need no second source. */
function exportReference(profile: Profile, registry: Registry): void {
  const { version, accuracy, inputs, label, confidence } = profile;
  const registers = [registry];
  const labelNames = ['version', 'signal'];
  const share = new Gauge({
    name: 'model_reference_share',
    help: 'Share of the reference in a bin, half a row added to each',
    labelNames: [...labelNames, 'bin'],
    registers,
  });
  const rows = new Gauge({
    name: 'model_reference_rows',
    help: 'Rows of the reference',
    labelNames,
    registers,
  });
  const limit = new Gauge({
    name: 'model_reference_limit',
    help: 'What PSI stays under without drift, times 1/n + 1/m',
    labelNames,
    registers,
  });
  const right = new Gauge({
    name: 'model_reference_accuracy',
    help: 'Share of predictions that were right when it was made',
    labelNames: ['version'],
    registers,
  });

  right.set({ version }, accuracy);
  for (const one of [...Object.values(inputs), label, confidence]) {
    const signal = one.name;
    const total = one.counts.reduce((sum, count) => sum + count, 0);
    rows.set({ version, signal }, total);
    limit.set({ version, signal }, findLimit(one));
    for (const [index, value] of smoothShares(one.counts).entries())
      share.set({ version, signal, bin: `${one.bins[index]}` }, value);
  }
}

function startTally<T extends Signal>(signal: T) {
  return { signal, counts: new Float64Array(signal.bins.length) };
}

function add(counts: Float64Array, bin: number): void {
  counts[bin] = (counts[bin] ?? 0) + 1;
}
