import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import { startClamd } from '@touchstone/kit/scanning/clamd';
import { afterAll } from 'vitest';

/** One store and one scanner for the tests of a file; each test has buckets of its own. */
export const store = await startObjectStore();
export const clamd = await startClamd();

afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await clamd[Symbol.asyncDispose]();
});
