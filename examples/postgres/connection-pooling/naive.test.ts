import { once } from 'node:events';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import { expect, it } from 'vitest';
import { createNaivePool } from './naive.ts';
import { startDatabase } from './test-pool.ts';

/** Ends it. Postgres may still end a connection whose goodbye it has not read. */
async function end(pool: Pool) {
  pool.on('error', () => {});
  await pool.end();
}

it('shows how the naive way fails: the next caller waits for the statement that timed out', async () => {
  await using database = await startDatabase();
  const pool = createNaivePool(database.url);
  const client = await pool.connect();
  client.on('error', () => {});
  await expect(client.query('select pg_sleep(20)')).rejects.toThrow(
    'Query read timeout',
  );
  client.release();

  await expect(pool.query('select 1')).rejects.toThrow(
    'Query read timeout',
  );
  await end(pool);
});

it('shows how the naive way fails: each failed statement costs a connection', async () => {
  await using database = await startDatabase();
  const pool = createNaivePool(database.url);
  const ask = () => pool.query('select pg_backend_pid() as pid');
  const before = await ask();
  await pool.query('select 1 / 0').catch(() => {});
  const after = await ask();

  expect(after.rows[0].pid).not.toBe(before.rows[0].pid);
  await end(pool);
});

it('shows how the naive way fails: an idle connection that is ended is an unhandled error', async () => {
  await using database = await startDatabase();
  const pool = createNaivePool(database.url);
  const { rows } = await pool.query('select pg_backend_pid() as pid');
  expect(pool.listenerCount('error')).toBe(0);

  const told = once(pool, 'error'); // without a listener, it ends the process
  await database.pool.query('select pg_terminate_backend($1)', [
    rows[0].pid,
  ]);
  const [error] = await told;

  expect(error).toMatchObject({ code: '57P01' });
  await waitUntil('it is gone', () => pool.totalCount === 0);
  await end(pool);
});
