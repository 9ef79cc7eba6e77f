import { expect, describe as group, it } from 'vitest';
import {
  createProfile,
  findBin,
  findLimit,
  smoothShares,
} from './reference-profile.ts';
import { describe, simulateNoDrift, sum } from './test-psi.ts';
import { model } from './test-traffic.ts';

group('a profile', () => {
  it('has about as many rows in each bin between the least and the largest value', () => {
    const values = Array.from(
      { length: 1000 },
      (_, n) => (n * 7) % 1000,
    );

    const { bins, counts } = describe(values);

    expect(bins.slice(0, 3)).toEqual(['below', '0 to 99', '99 to 199']);
    expect(bins.slice(-2)).toEqual(['above', 'missing']);
    expect(counts).toEqual([0, ...Array(10).fill(100), 0, 0]);
  });

  it('counts rows that share one value where they are, and not as a tenth each', () => {
    const { bins, counts } = describe([
      ...Array(90).fill(0),
      ...Array(10).fill(1),
    ]);

    expect(bins).toEqual([
      'below',
      '0 to 0',
      '0 to 1',
      'above',
      'missing',
    ]);
    expect(counts).toEqual([0, 90, 10, 0, 0]);
  });

  it('has fewer bins when there are few rows, and counts the missing ones', () => {
    const { counts } = describe([1, 2, 3, null, 4]);

    expect(counts).toEqual([0, 4, 0, 1]);
  });

  it('refuses an input without any value', () => {
    expect(() => describe([null])).toThrow('input:x has no values');
  });

  it('has a row for each answer, also for one that is no label', () => {
    const { label } = createProfile({
      version: '1',
      accuracy: 1,
      labels: ['no', 'yes'],
      inputs: {},
      predictions: [
        { label: 'yes', confidence: 0.5 },
        { label: 'perhaps', confidence: 0.4 },
      ],
    });

    expect(label.bins).toEqual(['no', 'yes', 'other']);
    expect(label.counts).toEqual([0, 1, 1]);
  });

  it('is JSON: it comes back from a file as it was', () => {
    expect(JSON.parse(JSON.stringify(model.profile))).toEqual(
      model.profile,
    );
  });
});

it('gives each value one bin, its edges included', () => {
  const edges = [1, 2, 3];
  const values = [0.9, 1, 2, 2.1, 3, 3.1];
  const missing = [
    null,
    undefined,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ];

  expect(values.map((value) => findBin(edges, value))).toEqual([
    0, 1, 1, 2, 2, 3,
  ]);
  expect(missing.map((value) => findBin(edges, value))).toEqual([
    4, 4, 4, 4,
  ]);
});

it('smooths shares so that none is zero and all are one', () => {
  const shares = smoothShares([0, 9, 0]);

  expect(shares).toEqual([0.5 / 10.5, 9.5 / 10.5, 0.5 / 10.5]);
  expect(sum(shares)).toBeCloseTo(1);
});

group('the limit', () => {
  it('is passed by chi-squared about once in 10,000 times', () => {
    for (const freedom of [4, 6, 12]) {
      const bins = Array(freedom + 1).fill('bin');
      const limit = findLimit({ name: 'x', bins, counts: [] });
      const times = chiSquaredTail(freedom, limit) * 10_000;
      expect(times).toBeGreaterThan(0.7);
      expect(times).toBeLessThan(1.2);
    }
  });

  it('is passed without drift in at most two of a thousand hours, however few rows an hour has', () => {
    for (const liveRows of [5, 10, 30, 100, 300]) {
      const hours = { referenceRows: 150, liveRows, runs: 1000 };
      const { overLimit } = simulateNoDrift(hours);
      expect(overLimit).toBeLessThanOrEqual(0.002);
    }
  });

  it('is what a bare 0.25 is not: that is passed in four of five hours of thirty rows', () => {
    const hours = { referenceRows: 500, liveRows: 30, runs: 300 };

    expect(simulateNoDrift(hours).overQuarter).toBeGreaterThan(0.8);
  });
});

/** How often chi-squared is larger: a finite sum where the degrees of freedom are even. */
function chiSquaredTail(freedom: number, value: number): number {
  let term = Math.exp(-value / 2);
  let tail = 0;
  for (let k = 1; k <= freedom / 2; k++) {
    tail += term;
    term *= value / 2 / k;
  }
  return tail;
}
