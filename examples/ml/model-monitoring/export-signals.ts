import { Counter, Gauge, type Registry } from 'prom-client';

/** What is counted by model: each prediction, or each truth, is in one of its bins. */
export type Signal = {
  name: string;
  bins: string[];
  /** How many rows of the reference were in each. */
  counts: number[];
};

/** Exports signals beside what they are compared with: rules need no second source. Returns what adds a signal, and gives its counts to add to. */
export function exportSignals(registry: Registry, rowsAlike: number) {
  const tallies: Tally[] = [];
  new Counter({
    name: 'model_signal_total',
    help: 'Predictions, or truths, by the bin of each signal',
    labelNames: ['model', 'signal', 'bin'],
    registers: [registry],
    collect() {
      this.reset();
      for (const tally of tallies) {
        // Zero first: increase() counts from what it saw first, and
        // would lose what happened before.
        for (const [index, labels] of tally.labels.entries())
          this.inc(labels, tally.isTold ? tally.counts[index] : 0);
        tally.isTold = true;
      }
    },
  });
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const share = gauge(
    'model_reference_share',
    'Share of the reference in a bin, half a row added to each',
    ...['model', 'signal', 'bin'],
  );
  const rows = gauge(
    'model_reference_rows',
    'Rows of the reference',
    ...['model', 'signal'],
  );
  const limit = gauge(
    'model_reference_limit',
    'What PSI stays below without drift, times 1/n + 1/m',
    ...['model', 'signal'],
  );
  gauge('model_rows_alike', 'How many rows count as one').set(
    rowsAlike,
  );

  /** The signal is one of `among`, which are judged together. */
  function add(model: string, one: Signal, among: number): number[] {
    const { name: signal, bins } = one;
    rows.set({ model, signal }, sum(one.counts));
    limit.set({ model, signal }, findLimit(bins.length, among));
    for (const [index, value] of smoothShares(one.counts).entries())
      share.set({ model, signal, bin: `${bins[index]}` }, value);
    const labels = bins.map((bin) => ({ model, signal, bin }));
    const counts = bins.map(() => 0);
    tallies.push({ labels, counts, isTold: false });
    return counts;
  }

  return add;
}

type Tally = {
  labels: Record<string, string>[];
  counts: number[];
  isTold: boolean;
};

/** What PSI stays below without drift, times 1/n + 1/m; passed once in 10,000 times by any of the signals. */
export function findLimit(bins: number, signals: number): number {
  // PSI is about chi-squared(bins - 1) (1/n + 1/m). A bound of its
  // tail: Laurent and Massart 2000, lemma 1.
  const freedom = bins - 1;
  const x = Math.log(10_000 * signals);
  return freedom + 2 * Math.sqrt(freedom * x) + 2 * x;
}

/** The shares of the reference; half a row more in each bin, so that no share is zero. */
export function smoothShares(counts: number[]): number[] {
  const rows = sum(counts) + 0.5 * counts.length;
  return counts.map((count) => (count + 0.5) / rows);
}

/** All of them together. */
export function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
