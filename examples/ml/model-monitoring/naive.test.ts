import { expect, it } from 'vitest';
import { createNaiveMonitor } from './naive.ts';
import { createTraffic } from './test-traffic.ts';

const MEAN = 3.76;

it('shows how the naive way fails: it cries at night and sleeps through a lost input', () => {
  const hasDrifted = (values: number[]) => {
    const naive = createNaiveMonitor({ mean: MEAN });
    for (const value of values) naive.observe(value);
    return naive.hasDrifted();
  };
  const night = createTraffic()(5);

  expect(
    hasDrifted(night.map(({ flower }) => Number(flower.petalLength))),
  ).toBe(true);
  expect(hasDrifted(Array(2000).fill(MEAN))).toBe(false);
  expect(hasDrifted([Number.NaN, ...Array(999).fill(1)])).toBe(false);
});
