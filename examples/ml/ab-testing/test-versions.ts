import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { seededRandom } from '@touchstone/kit/testing/random';
import { trainVersion } from './train-version.ts';

const { testSet, trainingSet, labels } = trainIrisModel();

/** Trained with half of the labels wrong, with none, and with most. */
export const VERSIONS = {
  first: await trainVersion('1', { mislabelled: 0.5 }),
  second: await trainVersion('2'),
  bad: await trainVersion('bad', { mislabelled: 0.7 }),
};

/** A flower that somebody asks about, and its species. */
export type Flower = { row: number[]; truth: string };

const flowers: Flower[] = [...testSet, ...trainingSet].map(
  ({ features, label }) => ({
    row: features,
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
