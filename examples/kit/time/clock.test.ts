import { expect, it } from 'vitest';
import { testClock } from './clock.ts';

it('does not move by itself', () => {
  const clock = testClock('2026-03-01T00:00:00Z');

  clock.advance({ days: 1, hours: 2, minutes: 3, seconds: 4 });

  expect(clock()).toEqual(new Date('2026-03-02T02:03:04Z'));
  expect(clock()).toEqual(new Date('2026-03-02T02:03:04Z'));
});
