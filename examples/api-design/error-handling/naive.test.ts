import { DatabaseSync } from 'node:sqlite';
import { listen } from '@touchstone/kit/app/http';
import { expect, it } from 'vitest';
import { createNaiveApp } from './naive.ts';
import { ask } from './test-client.ts';

it('shows how the naive way fails: the caller gets SQL, a key and the status of another server', async () => {
  const database = new DatabaseSync(':memory:');
  await using server = await listen(
    createNaiveApp({
      database,
      async askBank() {
        throw Object.assign(new Error('sk_live_42'), { status: 401 });
      },
    }),
  );

  const query = await ask(`${server.url}/members`);
  const bank = await ask(`${server.url}/payments`, { method: 'POST' });

  expect(query.text).toContain('no such table: membres');
  expect(query.headers.get('cache-control')).toContain('public');
  expect(bank.status).toBe(401);
  expect(bank.text).toContain('sk_live_42');
});
