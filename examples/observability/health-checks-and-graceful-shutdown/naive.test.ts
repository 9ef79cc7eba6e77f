import { expect, it } from 'vitest';
import { createNaiveCounters } from './naive.ts';

it('shows how the naive way fails: a second instance counts from one again', () => {
  const [first, second] = [
    createNaiveCounters(),
    createNaiveCounters(),
  ];
  first.count('visits');

  expect(second.count('visits')).toBe(1);
});
