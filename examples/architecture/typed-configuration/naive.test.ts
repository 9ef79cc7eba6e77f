import { expect, it } from 'vitest';
import { readNaively } from './naive.ts';

it('shows how the naive way fails: each value is wrong, and nothing says so', () => {
  const settings = readNaively({
    SHOP_PORT: '',
    SHOP_TEST_PAYMENTS: 'false',
    SHOP_PAYMENT_TIMEOUT: '30s',
    SHOP_SESION_KEY: 'a typo in the name, so the key is not read',
  });

  expect(settings).toEqual({
    port: 0,
    testPayments: true,
    paymentTimeoutMs: 10_000,
    sessionKey: 'change-me',
  });
  expect(readNaively({}).port).toBe(3000);
});
