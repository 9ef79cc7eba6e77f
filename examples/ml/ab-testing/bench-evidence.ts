import { type Contender, compare } from '@touchstone/kit/testing/bench';
import {
  type Arms,
  type Decide,
  decideByJudge,
  decideByPValue,
  rollBackAfter,
} from './test-evidence.ts';

/** As main.ts has them: alpha 0.01, of which wrong answers have half. */
const RULES = { margin: 1.5 };
const TRIALS = 400;
const MOST_USERS = 60_000;
let seed = 0;
const nextSeed = () => ++seed;

/** Simulated trials: no clock, no machine, only numbers. */
export function compareTests(canary: number, told: string) {
  const half = { share: 0.5, live: 0.05, canary };
  const tenth = { ...half, share: 0.1 };
  const judge = ({ share }: Arms) => decideByJudge(share, RULES);
  const naive = () => decideByPValue(0.5, (count) => count > 20);
  return compare({
    title: `Users until a version with ${told} is rolled back`,
    unit: 'users',
    better: 'lower',
    contenders: [
      rank('this pattern, half in the canary, median', 0.5, half),
      rank('the same, 90th percentile', 0.9, half),
      rank('this pattern, a tenth in the canary, median', 0.5, tenth),
      rank('the same, 90th percentile', 0.9, tenth),
      {
        name: 'one check, half in the canary, planned for this difference',
        measure: async () => planFixed(0.05, canary),
        note: 'misses it in one of ten trials',
      },
      {
        name: 'one check, planned for half the difference',
        measure: async () => planFixed(0.05, (0.05 + canary) / 2),
      },
      {
        name: 'p-value after each user, half in the canary (naive)',
        measure: async () => usersUntil(half, 0.5, naive),
        note: 'see the next table',
      },
    ],
  });

  function rank(name: string, part: number, arms: Arms): Contender {
    const decide = () => judge(arms);
    return {
      name,
      measure: async () => usersUntil(arms, part, decide),
    };
  }
}

/** How often an equally good version is kept. */
export function compareFalse() {
  const arms = { share: 0.5, live: 0.05, canary: 0.05 };
  const run = (decide: () => Decide) => async () => {
    const users = 5000;
    const options = { arms, trials: TRIALS, users, seed: nextSeed() };
    const after = rollBackAfter({ ...options, decide });
    const kept = after.filter((end) => end === undefined);
    return (100 * kept.length) / TRIALS;
  };
  const check = (isAsked: (count: number) => boolean) =>
    run(() => decideByPValue(0.5, isAsked));
  return compare({
    title: 'Equally good versions kept for 5,000 users',
    unit: '% of trials',
    better: 'higher',
    contenders: [
      {
        name: 'this pattern, checked after each error',
        measure: run(() => decideByJudge(0.5, RULES)),
        note: 'alpha 1 %, half of it for wrong answers',
      },
      {
        name: 'one check at the end, p < 5 %',
        measure: check((count) => count === 5000),
      },
      {
        name: 'p-value after each 100 users (naive)',
        measure: check((count) => count % 100 === 0),
      },
      {
        name: 'p-value after each user (naive)',
        measure: check((count) => count > 20),
      },
    ],
  });
}

function usersUntil(arms: Arms, part: number, decide: () => Decide) {
  const options = { arms, trials: TRIALS, users: MOST_USERS };
  const after = rollBackAfter({ ...options, seed: nextSeed(), decide })
    .map((found) => found ?? MOST_USERS)
    .toSorted((a, b) => a - b);
  return after[Math.floor(TRIALS * part)] ?? MOST_USERS;
}

/** Users of both arms for a check at p < 0.05 that sees it nine times of ten. */
function planFixed(live: number, canary: number): number {
  const variance = live * (1 - live) + canary * (1 - canary);
  const [alpha, power] = [1.645, 1.282];
  const arm = ((alpha + power) ** 2 * variance) / (canary - live) ** 2;
  return 2 * Math.ceil(arm);
}
