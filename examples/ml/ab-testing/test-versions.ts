import { nameFlower } from '@touchstone/kit/models/iris-files';
import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { seededRandom } from '@touchstone/kit/testing/random';
import type { Features } from '../model-serving/model-card.ts';

const model = trainIrisModel();

/** How many of the labels in their training were wrong. */
export const MISLABELLED = { 1: 0.5, 2: 0, bad: 0.7 };

/** A flower that a user asks about, and its species. */
export type Flower = { features: Features; truth: string };

const flowers: Flower[] = [...model.testSet, ...model.trainingSet].map(
  ({ features, label }) => ({
    features: nameFlower(model, features),
    truth: `${model.labels[label]}`,
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
