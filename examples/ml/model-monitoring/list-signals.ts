import type {
  ModelCard,
  Prediction,
} from '../model-serving/model-card.ts';
import type { Signal } from './export-signals.ts';
import {
  findBin,
  type ModelReference,
  toConfidence,
} from './model-reference.ts';

/** A signal of each prediction. */
export type Watched = Signal & {
  find: (prediction: Prediction) => number;
};

/** The features, the label and the confidence; throws when the reference does not fit the card. */
export function listSignals(
  { features, labels }: ModelCard,
  reference: ModelReference,
): Watched[] {
  const inputs = features.map(({ name }) =>
    watchNumber(
      `input:${name}`,
      reference.features[name],
      (prediction) => prediction.features[name],
    ),
  );
  const { confidence } = reference;
  const signals = [
    ...inputs,
    watchNumber('output:confidence', confidence, toConfidence),
    {
      name: 'output:label',
      bins: labels,
      counts: reference.labels,
      find: ({ label }: Prediction) => labels.indexOf(label),
    },
  ];
  for (const { name, bins, counts } of signals)
    if (bins.length !== counts.length)
      throw new Error(`the reference does not fit the card: ${name}`);
  return signals;
}

function watchNumber(
  name: string,
  reference: ModelReference['confidence'] | undefined,
  read: (prediction: Prediction) => number | null | undefined,
): Watched {
  const { edges, counts } = reference ?? { edges: [], counts: [] };
  const between = edges
    .slice(1)
    .map((upper, index) => `${edges[index]} to ${upper}`);
  return {
    name,
    bins: ['below', ...between, 'above', 'missing'],
    counts,
    find: (prediction) => findBin(edges, read(prediction)),
  };
}
