import { expect, it } from 'vitest';
import { createTrialPauses } from './trial-pauses.ts';

function startPauses() {
  let time = 0;
  const pauses = createTrialPauses(1000, () => time);
  const wait = (milliseconds: number) => {
    time += milliseconds;
  };
  return { ...pauses, wait };
}

it('counts nobody from the first user that something happened to until it is calm', () => {
  const { arrive, disturb, isCounted, wait } = startPauses();
  const before = arrive();
  const [first, between, second] = [arrive(), arrive(), arrive()];

  disturb(second);
  wait(999);
  disturb(first); // found later, and it came earlier
  const after = arrive();
  wait(999);
  const still = arrive();
  wait(1);
  const calm = arrive();

  const all = [before, first, between, second, after, still, calm];
  expect(all.map(isCounted)).toEqual([
    true,
    ...Array(5).fill(false),
    true,
  ]);
});

it('forgets the pause before when the next begins, and counts between them', () => {
  const { arrive, disturb, isCounted, wait } = startPauses();
  disturb(arrive());
  wait(1000);
  const between = arrive();
  disturb(arrive());

  expect(isCounted(between)).toBe(true);
  expect(isCounted(arrive())).toBe(false);
  expect(isCounted(0)).toBe(true); // a failure counts in a pause
});

it('takes what fails within a time for one failure', () => {
  const { arrive, fail, isCounted, wait } = startPauses();
  const failures: boolean[] = [];
  for (const pause of [0, 999, 1, 999, 1]) {
    wait(pause);
    failures.push(fail(arrive()));
  }

  expect(failures).toEqual([true, false, true, false, true]);
  expect(isCounted(arrive())).toBe(false);
});

it('waits for the oldest user who has no answer, but not for ever', () => {
  const { arrive, leave, findHorizon, wait } = startPauses();
  expect(findHorizon()).toBe(Number.POSITIVE_INFINITY);
  const [first, second] = [arrive(), arrive()];
  wait(500);
  const third = arrive();

  expect(findHorizon()).toBe(first);
  leave(first);
  expect(findHorizon()).toBe(second);
  wait(499);
  expect(findHorizon()).toBe(second);
  wait(1);
  expect(findHorizon()).toBe(third);
});
