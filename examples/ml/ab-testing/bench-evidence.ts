import { compare } from '@touchstone/kit/testing/bench';
import {
  type Arms,
  type Decide,
  decideByEvidence,
  decideByPValue,
  rollBackAfter,
} from './test-evidence.ts';

const ALPHA = 0.05;
const TRIALS = 400;
let seed = 0;
const nextSeed = () => ++seed;

/** Simulated trials: no clock, no machine, only numbers. */
export function compareTests(canary: number, told: string) {
  const arms = { share: 0.5, live: 0.05, canary };
  const run = (decide: () => Decide) => () =>
    Promise.resolve(medianUsers(arms, decide));
  const planned = planFixed(0.05, canary);
  const unsure = planFixed(0.05, (0.05 + canary) / 2);
  const once = (users: number) => () => Promise.resolve(users);
  return compare({
    title: `Users until a version ${told} is rolled back, half of them in the canary`,
    ...{ unit: 'users', better: 'lower' },
    contenders: [
      {
        name: 'this pattern, looked at after each error',
        measure: run(() => decideByEvidence(0.5, ALPHA)),
      },
      {
        name: 'one look, planned for exactly this difference',
        measure: once(planned),
        note: 'misses it in one of ten trials',
      },
      {
        name: 'one look, planned for half the difference',
        measure: once(unsure),
      },
      {
        name: 'p-value after each user (naive)',
        measure: run(() => decideByPValue(0.5, (count) => count > 20)),
        note: 'see the next table',
      },
    ],
  });
}

/** How often a version that is as good is rolled back. */
export function compareFalse() {
  const arms = { share: 0.5, live: 0.05, canary: 0.05 };
  const run = (decide: () => Decide) => async () => {
    const after = rollBackAfter({
      ...{
        arms,
        trials: TRIALS,
        users: 5000,
        seed: nextSeed(),
        decide,
      },
    });
    return (100 * after.filter(Boolean).length) / TRIALS;
  };
  return compare({
    title: 'As good versions rolled back within 5,000 users, alpha 5 %',
    ...{ unit: '% of trials', better: 'lower' },
    contenders: [
      {
        name: 'this pattern, looked at after each error',
        measure: run(() => decideByEvidence(0.5, ALPHA)),
      },
      {
        name: 'one look at the end',
        measure: run(() =>
          decideByPValue(0.5, (count) => count === 5000),
        ),
      },
      {
        name: 'p-value after each 100 users (naive)',
        measure: run(() =>
          decideByPValue(0.5, (count) => count % 100 === 0),
        ),
      },
      {
        name: 'p-value after each user (naive)',
        measure: run(() => decideByPValue(0.5, (count) => count > 20)),
      },
    ],
  });
}

function medianUsers(arms: Arms, decide: () => Decide): number {
  const users = 50_000;
  const after = rollBackAfter({
    ...{ arms, trials: TRIALS, users, seed: nextSeed(), decide },
  }).map((found) => found ?? users);
  return after.toSorted((a, b) => a - b)[TRIALS >> 1] ?? users;
}

/** Users of both arms for a look at p < 0.05 that sees it nine times of ten. */
function planFixed(live: number, canary: number): number {
  const variance = live * (1 - live) + canary * (1 - canary);
  const [alpha, power] = [1.645, 1.282];
  const arm = ((alpha + power) ** 2 * variance) / (canary - live) ** 2;
  return 2 * Math.ceil(arm);
}
