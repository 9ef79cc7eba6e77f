import { expect, it } from 'vitest';
import { createPredictionIds } from './prediction-ids.ts';
import { createSecrets } from './secrets.ts';

const secret = createSecrets().PREDICTION_SECRET;
const predicted = { version: '1', predicted: 'setosa' };
const unknown = expect.objectContaining({ code: 'unknown_prediction' });
const alreadyJudged = expect.objectContaining({
  code: 'already_judged',
});

it('gives each prediction an id that any process with the secret can read, once', () => {
  const ids = createPredictionIds({ secret });
  const [one, two] = [ids.issue(predicted), ids.issue(predicted)];
  const other = createPredictionIds({ secret });

  expect(one).not.toBe(two);
  expect(other.redeem(one)).toEqual(predicted);
  expect(() => other.redeem(one)).toThrow(alreadyJudged);
  expect(other.redeem(two)).toEqual(predicted);
});

it('refuses an id that it has not signed', () => {
  const ids = createPredictionIds({ secret });
  const id = ids.issue(predicted);
  const [content = '', signature = ''] = id.split('.');
  const stranger = createPredictionIds(createStranger());
  const forged = [
    '',
    content,
    `${content}.`,
    `${content}.${signature.slice(1)}`,
    `${content}x.${signature}`,
    `.${signature}`,
    stranger.issue(predicted),
  ];

  for (const one of forged)
    expect(() => ids.redeem(one)).toThrow(unknown);
  expect(ids.redeem(id)).toEqual(predicted);
});

it('remembers so many judged ids and no more', () => {
  const ids = createPredictionIds({ secret, remembered: 2 });
  const [first = '', ...later] = Array.from({ length: 3 }, () =>
    ids.issue(predicted),
  );
  for (const id of [first, ...later]) ids.redeem(id);

  for (const id of later)
    expect(() => ids.redeem(id)).toThrow(alreadyJudged);
  expect(ids.redeem(first)).toEqual(predicted);
});

function createStranger() {
  return { secret: createSecrets().PREDICTION_SECRET };
}
