import { expect, it } from 'vitest';
import { chooseArm, placeOf } from './choose-arm.ts';

const USERS = 50_000;
const users = Array.from({ length: USERS }, (_, n) => `user-${n}`);

it('gives each share its part of the users, and another part of them in each trial', () => {
  for (const share of [0.01, 0.1, 0.5]) {
    const inTrial = (trial: number) =>
      users.map((user) =>
        chooseArm({ model: 'iris', trial, share }, user),
      );
    const [one, other] = [inTrial(2), inTrial(7)];
    const countBoth = one.filter(
      (arm, n) => arm === 'canary' && other[n] === 'canary',
    ).length;

    // Four standard deviations: the hash is no coin, and fixed.
    for (const [count, chance] of [
      [one.filter((arm) => arm === 'canary').length, share],
      [countBoth, share * share],
    ] as const)
      expect(Math.abs(count - USERS * chance)).toBeLessThan(
        4 * Math.sqrt(USERS * chance * (1 - chance)),
      );
  }
});

it('keeps names apart that look alike when they are joined', () => {
  expect(placeOf('iris', 1, '2')).not.toBe(placeOf('iris', 12, ''));
  expect(placeOf('a', 1, 'b')).not.toBe(placeOf('b', 1, 'a'));
});
