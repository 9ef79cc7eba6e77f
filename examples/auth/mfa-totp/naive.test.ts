import { Secret, TOTP } from 'otpauth';
import { expect, it } from 'vitest';
import { createNaiveFactors } from './naive.ts';

it('shows how the naive way fails: a code works twice, and nothing counts the guesses', () => {
  const email = 'ada@example.com';
  const totpSecret = new Secret().base32;
  const users = new Map([[email, { email, totpSecret }]]);
  const { sendCode } = createNaiveFactors(users);
  const code = new TOTP({ secret: totpSecret }).generate();

  expect(sendCode({ email }, code)).toBe(true);
  expect(sendCode({ email }, code)).toBe(true);
  for (let guess = 0; guess < 1000; guess++)
    sendCode({ email }, `${guess}`.padStart(6, '0'));
  expect(sendCode({ email }, code)).toBe(true);
  expect(sendCode({ email: 'bob@example.com' }, code)).toBe(false);
  expect(() => sendCode({ email }, '١٢٣٤٥٦')).toThrow(RangeError);
});
