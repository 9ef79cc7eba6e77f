import { expect, it } from 'vitest';
import { fetchWithRetry } from './naive.ts';
import {
  countCharges,
  countRequests,
  readInternal,
  waitForStalledBody,
} from './naive-failures.ts';

it('shows how the naive way fails: a storm of retries, a second charge, a hang, and internal data', async () => {
  expect(await countRequests()).toBe(300);
  expect(await countCharges()).toBe(2);
  expect(await waitForStalledBody()).toBe('still waiting');
  expect(await readInternal()).toBe('internal data, for our-key');
  const nowhere = fetchWithRetry('http://127.0.0.1:1/');
  await expect(nowhere).rejects.toThrow('fetch failed');
});
