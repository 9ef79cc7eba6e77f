import { expect, it } from 'vitest';
import {
  deployUnderLoad,
  probeWithoutDatabase,
} from './naive-failures.ts';

it('shows how the naive way fails: the probe of a healthy process asks for a restart, and tells a stranger why', async () => {
  const { before, statuses, body } = await probeWithoutDatabase();

  expect(before).toBe(200);
  expect(statuses).toEqual([503, 503, 503]);
  expect(body).toContain('127.0.0.1');
});

it('shows how the naive way fails: a deploy loses orders', async () => {
  const { placed, failed } = await deployUnderLoad();

  expect(placed).toBeGreaterThan(0);
  expect(Object.keys(failed)).not.toEqual([]);
});
