import { expect, it } from 'vitest';
import {
  checkBesideOneThatHangs,
  checkWithoutDatabase,
  checkWithTwoProcesses,
} from './naive-failures.ts';

it('shows how the naive way fails: one item that hangs holds up all others, and is begun again at each tick', async () => {
  expect(await checkBesideOneThatHangs()).toEqual({
    answered: 0,
    hanging: 5,
  });
});

it('shows how the naive way fails: two processes do the same item', async () => {
  expect(await checkWithTwoProcesses()).toBe(2);
});

it('shows how the naive way fails: an outage of the database ends the process', async () => {
  expect(await checkWithoutDatabase()).toBe(1);
});
