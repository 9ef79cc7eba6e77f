import { Counter, Gauge, type Registry } from 'prom-client';
import {
  findLimit,
  type Signal,
  smoothShares,
  sum,
} from './list-signals.ts';

type Labels = Record<string, string>;

/** Counts of some series that appear together. */
export type Tally = {
  labels: Labels[];
  counts: number[];
  isTold: boolean;
};

/** Starts at zero. */
export function startTally(labels: Labels[]): Tally {
  return { labels, counts: labels.map(() => 0), isTold: false };
}

/** Exports all tallies, also those that are added later. */
export function exportTallies(
  registry: Registry,
  tallies: { values: () => Iterable<Tally> },
  metric: { name: string; help: string; labelNames: string[] },
): void {
  new Counter({
    ...metric,
    registers: [registry],
    collect() {
      this.reset();
      for (const tally of tallies.values()) {
        // Zero first: increase() counts from what it saw first, and
        // would lose what happened before.
        for (const [index, labels] of tally.labels.entries())
          this.inc(labels, tally.isTold ? tally.counts[index] : 0);
        tally.isTold = true;
      }
    },
  });
}

/** Exports what counts are compared with: rules need no second source. */
export function exportReferences(
  registry: Registry,
  rowsAlike: number,
) {
  function gauge(
    name: string,
    help: string,
    labelNames: string[] = [],
  ) {
    const registers = [registry];
    return new Gauge({
      name: `model_${name}`,
      help,
      labelNames,
      registers,
    });
  }
  const names = ['model', 'signal'];
  const share = gauge(
    'reference_share',
    'Share of the reference in a bin, half a row added to each',
    [...names, 'bin'],
  );
  const rows = gauge('reference_rows', 'Rows of the reference', names);
  const limit = gauge(
    'reference_limit',
    'What PSI stays below without drift, times 1/n + 1/m',
    names,
  );
  const accuracy = gauge(
    'reference_accuracy',
    'Share of the held-out rows whose answer was right',
    ['model'],
  );
  const heldOut = gauge('reference_held_out', 'Held-out rows', [
    'model',
  ]);
  gauge('rows_alike', 'How many rows count as one').set(rowsAlike);

  function signals(model: string, all: Signal[]): void {
    for (const { name: signal, bins, counts } of all) {
      rows.set({ model, signal }, sum(counts));
      limit.set({ model, signal }, findLimit(bins.length, all.length));
      for (const [index, value] of smoothShares(counts).entries())
        share.set({ model, signal, bin: `${bins[index]}` }, value);
    }
  }

  function quality(model: string, expected: Expected): void {
    accuracy.set({ model }, expected.right / expected.heldOut);
    heldOut.set({ model }, expected.heldOut);
  }

  return { signals, quality };
}

/** How many of the held-out rows had the right answer. */
export type Expected = { right: number; heldOut: number };
