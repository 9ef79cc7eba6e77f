import { expect, it } from 'vitest';
import { seededRandom, shuffle } from './random.ts';

it('draws the same numbers for the same seed, spread evenly from 0 to 1', () => {
  const draw = (seed: number) => Array.from({ length: 10_000 }, seededRandom(seed));
  const numbers = draw(7);

  expect(draw(7)).toEqual(numbers);
  expect(draw(8)).not.toEqual(numbers);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  const tenths = Array.from(
    { length: 10 },
    (_, tenth) => numbers.filter((number) => Math.floor(number * 10) === tenth).length,
  );
  for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150);
});

it('shuffles a copy', () => {
  const rows = Array.from({ length: 100 }, (_, index) => index);

  const shuffled = shuffle(rows, seededRandom(1));

  expect(shuffled).not.toEqual(rows);
  expect(shuffled.toSorted((a, b) => a - b)).toEqual(rows);
  expect(shuffle(rows, seededRandom(1))).toEqual(shuffled);
});
