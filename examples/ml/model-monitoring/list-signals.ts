import type {
  ModelCard,
  Prediction,
} from '../model-serving/model-card.ts';
import {
  findBin,
  type ModelReference,
  nameBins,
  toConfidence,
} from './model-reference.ts';

/** One thing that is watched; each prediction is in one of its bins. */
export type Signal = {
  name: string;
  bins: string[];
  /** How many rows of the reference were in each. */
  counts: number[];
  find: (prediction: Prediction) => number;
};

/** The features, the label and the confidence; throws when the reference does not fit the card. */
export function listSignals(
  card: ModelCard,
  reference: ModelReference,
): Signal[] {
  const { features, labels, confidence } = reference;
  const signals = card.features.map(({ name }) =>
    watchNumber(
      `input:${name}`,
      features[name],
      (prediction) => prediction.features[name],
    ),
  );
  signals.push(
    watchNumber('output:confidence', confidence, toConfidence),
    {
      name: 'output:label',
      bins: card.labels,
      counts: labels,
      find: ({ label }) => card.labels.indexOf(label),
    },
  );
  for (const { name, bins, counts } of signals)
    if (bins.length !== counts.length)
      throw new Error(`the reference does not fit the card: ${name}`);
  return signals;
}

function watchNumber(
  name: string,
  reference: ModelReference['confidence'] | undefined,
  read: (prediction: Prediction) => number | null | undefined,
): Signal {
  const { edges, counts } = reference ?? { edges: [], counts: [] };
  return {
    name,
    bins: nameBins(edges),
    counts,
    find: (prediction) => findBin(edges, read(prediction)),
  };
}

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
  const rows = sum(counts);
  return counts.map(
    (count) => (count + 0.5) / (rows + 0.5 * counts.length),
  );
}

/** All of them together. */
export function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
