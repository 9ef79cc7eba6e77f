import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { createHorizonLog } from './bench-logs.ts';
import { openDatabase } from './test-app.ts';

it('shows why the log does not read up to the oldest transaction: one that is open anywhere stops all readers', async () => {
  await using database = await openDatabase();
  const { pool } = database;
  const log = await createHorizonLog({ pool });
  const forgotten = await pool.connect();
  await forgotten.query('begin; create table elsewhere (id int)');

  await log.append('ride', 'km 1');

  expect(await log.read('ride')).toEqual([]);
  await forgotten.query('rollback');
  forgotten.release();
  // Tests beside this one have transactions too: they also count.
  await waitUntil(
    'it can be read',
    async () => (await log.read('ride')).length === 1,
  );
});
