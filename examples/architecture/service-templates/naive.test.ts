import { expect, it } from 'vitest';
import {
  deployAfterAnOrder,
  placeWithoutCustomer,
  startTwice,
} from './naive-failures.ts';

it('shows how the naive way fails: what comes after the answer is lost with the process', async () => {
  expect(await deployAfterAnOrder()).toEqual({
    status: 201,
    confirmed: 0,
  });
});

it('shows how the naive way fails: a caller without a customer gets a stack trace', async () => {
  const { status, text } = await placeWithoutCustomer();
  expect(status).toBe(500);
  expect(text).toMatch(/at .*node_modules/);
});

it('shows how the naive way fails: of two that start at once, one fails', async () => {
  expect(await startTwice()).toContain('pg_type_typname_nsp_index');
});
