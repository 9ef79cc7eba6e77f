import { expect, it } from 'vitest';
import { isExpired, isGood } from './naive.ts';

it('shows how the naive way fails: a stolen password is good, a passphrase is not, and each quarter brings a variant', () => {
  expect(isGood('Password1!')).toBe(true);
  expect(isGood('AdaLovelace1815!')).toBe(true);
  expect(isGood('seven quiet otters paint')).toBe(false);
  expect(isExpired(new Date(Date.now() - 91 * 86_400_000))).toBe(true);
  expect(isExpired(new Date())).toBe(false);
  expect(isGood('Password2!')).toBe(true);
});
