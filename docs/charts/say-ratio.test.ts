import { expect, it } from 'vitest';
import { sayRatio } from './say-ratio.ts';

it.each([
  [0.00218, 'jobs/s', 'higher', '459× slower'],
  [2.43, 'jobs/s', 'higher', '2.4× faster'],
  [528, 'ms', 'lower', '528× slower'],
  [0.0121, 's', 'lower', '83× faster'],
  [1.89, 'bytes', 'lower', '1.9× as much'],
  [0.453, 'bytes', 'lower', '0.45× as much'],
  [1.02, 'jobs/s', 'higher', 'about the same'],
] as const)('says %d of %s, %s is better, as %s', (ratio, unit, better, words) => {
  expect(sayRatio(ratio, { unit, better })).toBe(words);
});
