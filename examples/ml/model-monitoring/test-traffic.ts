import { nameFlower } from '@touchstone/kit/models/iris-files';
import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { seededRandom } from '@touchstone/kit/testing/random';

/** The measures of a flower, as a client sends them. */
export type Flower = Record<string, number | null>;

/** What a client sends, and what the flower really is. */
export type Visit = { flower: Flower; truth: string };

/** How a test changes what healthy clients would send. */
export type Change = (visit: Visit, index: number) => Visit;

/** Draws flowers as the model knows them; the same in each run. */
export function createTraffic(seed = 1) {
  const random = seededRandom(seed);
  const model = trainIrisModel();
  const flowers = [...model.trainingSet, ...model.testSet];

  return function draw(
    count: number,
    change: Change = (visit) => visit,
  ): Visit[] {
    return Array.from({ length: count }, (_, index) => {
      const row = flowers[Math.floor(random() * flowers.length)];
      const flower = nameFlower(model, row?.features ?? []);
      const truth = `${model.labels[Number(row?.label)]}`;
      return change({ flower, truth }, index);
    });
  };
}

/** A client that sends something else for one input. */
export function changeInput(
  name: string,
  change: (value: number, index: number) => number | null,
): Change {
  return ({ flower, truth }, index) => {
    const value = change(Number(flower[name]), index);
    return { truth, flower: { ...flower, [name]: value } };
  };
}

/** A client that sends inches where the model learnt centimetres. */
export function inInches(name: string): Change {
  return changeInput(name, (value) => value / 2.54);
}
