import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { expect, it } from 'vitest';
import { loadModel } from './load-model.ts';
import { createTestModel } from './test-pool.ts';

it('loads a model that says what its card says', async () => {
  const model = await createTestModel();
  const predict = await loadModel(model);

  const { row, probabilities } = model.card.examples[0] ?? {};
  const answer = await predict(Float32Array.from(row ?? []));

  expect(answer).toHaveLength(3);
  for (const [index, probability] of answer.entries())
    expect(probability).toBeCloseTo(probabilities?.[index] ?? 2);
});

it('refuses one that contradicts its card', async () => {
  const { card } = await createTestModel();
  const bytes = trainIrisModel({ mislabelled: 1 }).onnx;

  await expect(loadModel({ card, bytes })).rejects.toThrow(
    'It contradicts its own card',
  );
});

it('refuses what ONNX Runtime cannot read', async () => {
  const { card } = await createTestModel();

  await expect(
    loadModel({ card, bytes: Buffer.from('no model') }),
  ).rejects.toThrow('Failed to load model');
});
