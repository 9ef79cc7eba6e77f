import { setImmediate } from 'node:timers/promises';
import { trainIrisModel } from '@touchstone/kit/models/iris-model';
import { expect, it } from 'vitest';
import { createNaiveModel } from './naive.ts';

it('shows how the naive way fails: all else waits while it computes, and it answers anything', async () => {
  const { predict } = await createNaiveModel(trainIrisModel().onnx);
  let answered = 0;
  const predictions = Array.from({ length: 100 }, async () => {
    await predict([5.9, 3, 4.2, 1.5]);
    answered += 1;
  });

  await setImmediate();

  expect(answered).toBe(100); // session.run() is not asynchronous
  await Promise.all(predictions);
  const answer = await predict([5.9, 3, Number.NaN, 1.5]);
  expect(Array.from(answer)).toEqual(Array(3).fill(Number.NaN));
});
