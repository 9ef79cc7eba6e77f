import { freshDatabase } from '@touchstone/kit/postgres/database';
import { expect, it } from 'vitest';
import {
  enqueueAndRollBack,
  findAfterDeath,
  runWithTwoWorkers,
} from './naive-failures.ts';
import { SCHEMA } from './test-jobs.ts';

it('shows how the naive way fails: a job runs twice, never, or for an order that does not exist', async () => {
  await using database = await freshDatabase({ schema: SCHEMA });
  const { pool } = database;

  expect(await runWithTwoWorkers(pool)).toBe(2);
  expect(await findAfterDeath(pool)).toBe(false);
  expect(await enqueueAndRollBack(pool)).toBe(1);
  expect((await pool.query('select from orders')).rowCount).toBe(0);
});
