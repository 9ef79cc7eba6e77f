import { seededRandom } from '@touchstone/kit/testing/random';
import { expect, it } from 'vitest';
import { createNaiveExperiment } from './naive.ts';
import { decideByPValue, rollBackAfter } from './test-evidence.ts';

it('shows how the naive way fails: users jump between versions, and good ones are rolled back', () => {
  const naive = createNaiveExperiment({
    share: 0.5,
    random: seededRandom(1),
  });
  const arms = Array.from({ length: 10 }, () => naive.choose());
  expect(new Set(arms).size).toBe(2);

  const rolledBack = rollBackAfter({
    arms: { share: 0.5, live: 0.05, canary: 0.05 },
    trials: 200,
    users: 2000,
    decide: () => decideByPValue(0.5, (count) => count % 100 === 0),
  }).filter(Boolean);
  expect(rolledBack.length / 200).toBeGreaterThan(0.12);
});
