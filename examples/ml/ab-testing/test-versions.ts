import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { seededRandom } from '@touchstone/kit/testing/random';
import type { Features } from '../model-serving/model-card.ts';
import { type Model, shareBytes } from '../model-serving/model-file.ts';
import { nameFeatures } from '../model-serving/test-pool.ts';
import { describeModel } from '../model-serving/train-model.ts';

const { testSet, trainingSet, labels } = trainIrisModel();

/** How many of the labels in their training were wrong. */
export const MISLABELLED = { 1: 0.5, 2: 0, bad: 0.7 };

/** A trained version, as it would be read from a folder. */
export async function trainVersion(
  version: keyof typeof MISLABELLED,
): Promise<Model> {
  const mislabelled = MISLABELLED[version];
  const model = trainIrisModel({ mislabelled });
  return {
    bytes: shareBytes(model.onnx),
    card: await describeModel(model, `${version}`),
  };
}

/** A flower that a user asks about, and its species. */
export type Flower = { features: Features; truth: string };

const flowers: Flower[] = [...testSet, ...trainingSet].map(
  ({ features, label }) => ({
    features: nameFeatures(features),
    truth: `${labels[label]}`,
  }),
);

/** Flowers in a random order, the same in each run. */
export function* drawFlowers(seed = 1): Generator<Flower, never> {
  const random = seededRandom(seed);
  for (;;)
    yield flowers[Math.floor(random() * flowers.length)] as Flower;
}

/** One that each version knows. */
export const FLOWER = flowers[0] as Flower;
