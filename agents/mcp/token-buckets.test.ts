import { expect, it } from 'vitest';
import { createTokenBuckets } from './token-buckets.ts';

function open(burst: number, perSecond: number) {
  let now = 0;
  const take = createTokenBuckets({ burst, perSecond }, () => now);
  const pass = (seconds: number) => {
    now += seconds * 1_000;
  };
  return { take, pass };
}

it('gives a burst at once, and then as many as come in a second', () => {
  const { take, pass } = open(3, 0.5);
  expect([1, 2, 3, 4].map(() => take('10.0.0.1'))).toEqual([0, 0, 0, 2]);
  pass(1);
  expect(take('10.0.0.1')).toBe(1);
  pass(1);
  expect([take('10.0.0.1'), take('10.0.0.1')]).toEqual([0, 2]);
});

it('never saves more than a burst', () => {
  const { take, pass } = open(2, 1);
  take('10.0.0.1');
  pass(1_000);
  expect([1, 2, 3].map(() => take('10.0.0.1'))).toEqual([0, 0, 1]);
});

it('counts each address alone, and a network of IPv6 as one', () => {
  const { take } = open(1, 1);
  expect(take('10.0.0.1')).toBe(0);
  expect(take('10.0.0.2')).toBe(0);
  expect(take('::ffff:10.0.0.2')).toBe(1);
  expect(take('2001:db8:0:1::1')).toBe(0);
  expect(take('2001:db8::1:0:0:0:2')).toBe(1);
  expect(take('2001:db8:0:2::1')).toBe(0);
  expect(take('fe80::1%eth0')).toBe(0);
});

it('forgets who asked the longest ago when there are too many', () => {
  const { take } = open(1, 0.001);
  for (let host = 0; host < 10_001; host++) take(`10.0.${host >> 8}.${host & 255}`);
  expect(take('10.0.0.1')).toBeGreaterThan(0);
  expect(take('10.0.0.0')).toBe(0);
});
