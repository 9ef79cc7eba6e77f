// From the examples that use it: in the kit's package.json it would bring 288 MB to every example.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { type Flower, trainIrisModel } from './iris-model.ts';

it('learns the irises, the same bytes each time, from flowers it is not tested on', () => {
  const model = trainIrisModel();

  expect(model.accuracy).toBeGreaterThan(0.9);
  expect(model.labels).toEqual(['setosa', 'versicolor', 'virginica']);
  expect(model.trainingSet).toHaveLength(105);
  expect(model.testSet).toHaveLength(45);
  expect(trainIrisModel().onnx).toEqual(model.onnx);
  expect(trainIrisModel({ seed: 2 }).onnx).not.toEqual(model.onnx);
});

it('learns worse from wrong labels', () => {
  const accuracies = [0, 0.6, 1].map((mislabelled) => trainIrisModel({ mislabelled }).accuracy);

  expect(accuracies).toEqual(accuracies.toSorted((a, b) => b - a));
  expect(accuracies[2]).toBeLessThan(0.5);
});

it('describes its features as the training set has them', () => {
  const { features, trainingSet } = trainIrisModel();

  expect(features.map(({ name }) => name)).toEqual([
    'sepalLength',
    'sepalWidth',
    'petalLength',
    'petalWidth',
  ]);
  for (const [index, { min, max, mean, deviation }] of features.entries()) {
    const values = trainingSet.map((flower) => flower.features[index] ?? Number.NaN);
    expect([min, max]).toEqual([Math.min(...values), Math.max(...values)]);
    expect(mean).toBeCloseTo(values.reduce((total, value) => total + value) / values.length);
    expect(deviation).toBeGreaterThan(0);
  }
});

it('predicts under ONNX Runtime what it predicted in training, alone and in a batch', async () => {
  const { onnx, testSet, accuracy } = trainIrisModel();
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 });
  async function predict(flowers: Flower[]) {
    const rows = Float32Array.from(flowers.flatMap(({ features }) => features));
    const tensor = new Tensor('float32', rows, [flowers.length, 4]);
    const { probabilities } = await session.run({ features: tensor });
    expect(probabilities?.dims).toEqual([flowers.length, 3]);
    return probabilities?.data as Float32Array;
  }

  const probabilities = await predict(testSet);

  const right = testSet.filter(({ label }, index) => {
    const row = probabilities.slice(index * 3, index * 3 + 3);
    expect(row.reduce((total, value) => total + value)).toBeCloseTo(1);
    return row.indexOf(Math.max(...row)) === label;
  });
  expect(right.length / testSet.length).toBeCloseTo(accuracy);
  const [first] = testSet;
  expect(Array.from(await predict(first ? [first] : []))).toEqual(
    Array.from(probabilities.slice(0, 3)),
  );
  await session.release();
});
