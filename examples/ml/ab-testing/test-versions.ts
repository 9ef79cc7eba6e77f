import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { seededRandom } from '@touchstone/kit/testing/random';
import type { Features } from '../model-serving/model-card.ts';

const { testSet, trainingSet, labels, features } = trainIrisModel();

/** How many of the labels in their training were wrong. */
export const MISLABELLED = { 1: 0.5, 2: 0, bad: 0.7 };

/** A flower that a user asks about, and its species. */
export type Flower = { features: Features; truth: string };

const flowers: Flower[] = [...testSet, ...trainingSet].map(
  (flower) => ({
    features: Object.fromEntries(
      features.map(({ name }, at) => [
        name,
        Number(flower.features[at]),
      ]),
    ),
    truth: `${labels[flower.label]}`,
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

/** A folder for versions; gone afterwards. */
export async function createTestFolder() {
  const path = await mkdtemp(join(tmpdir(), 'touchstone-versions-'));
  const dispose = () => rm(path, { recursive: true });
  return {
    folder: pathToFileURL(`${path}/`),
    path,
    [Symbol.asyncDispose]: dispose,
  };
}
