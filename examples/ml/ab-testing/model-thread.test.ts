import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { checkExamples, loadModel } from './load-model.ts';
import { startModelThread } from './model-thread.ts';
import { rowThat, startFaulty } from './test-models.ts';
import { FLOWER, VERSIONS } from './test-versions.ts';

const read = ({ onnx, ...version }: (typeof VERSIONS)['first']) => ({
  ...version,
  bytes: Buffer.from(onnx, 'base64'),
});

it('answers from a thread of its own', async () => {
  const model = await startModelThread(read(VERSIONS.first));

  expect(await model.predict(FLOWER.row)).toBe(FLOWER.truth);
  await expect(model.predict([1])).rejects.toThrow(
    'invalid dimensions',
  );
  await model.stop();
  await expect(model.predict(FLOWER.row)).rejects.toThrow('not run');
});

it('answers what it was asked before it was stopped', async () => {
  const model = await startModelThread(read(VERSIONS.first));

  const answer = model.predict(FLOWER.row);
  await model.stop();

  expect(await answer).toBe(FLOWER.truth);
});

it('refuses bytes that are no model, and a model that contradicts its card', async () => {
  const first = read(VERSIONS.first);
  const other = { ...first, bytes: read(VERSIONS.bad).bytes };

  await expect(startModelThread(other)).rejects.toThrow('own card');
  await expect(
    startModelThread({ ...first, bytes: Buffer.from('no model') }),
  ).rejects.toThrow(/load model/i);
  const predict = await loadModel(first.card.labels, other.bytes);
  await expect(checkExamples(first.card, predict)).rejects.toThrow(
    'It contradicts its own card',
  );
});

it('ends a thread that hangs, and starts another', async () => {
  const model = await startFaulty(500)(read(VERSIONS.second));

  await expect(model.predict(rowThat('hang'))).rejects.toThrow(
    'No answer in 500 ms',
  );

  await waitUntil('the next thread answers', () =>
    model.predict(FLOWER.row).then(
      (label) => label === FLOWER.truth,
      () => false,
    ),
  );
  await model.stop();
});
