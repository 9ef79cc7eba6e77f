import { freshDatabase } from '@touchstone/kit/postgres/database';
import { expect, it } from 'vitest';
import {
  countRowsRead,
  forgetNearlyAll,
  openNaive,
} from './naive-failures.ts';
import { SCHEMA } from './test-storage.ts';

it('shows how the naive way fails: readings count twice, NaN stays for ever, charts read all rows, deleting frees nothing', async () => {
  await using database = await freshDatabase({ schema: SCHEMA });
  const { pool } = database;
  const naive = await openNaive(pool);

  await naive.measure(8, 1, 40);
  const batch = await naive.measure(9, 30, 10);
  expect(await naive.meanOfDay()).toBeCloseTo(340 / 31);
  expect(await naive.meanOfHours()).toBe(25);
  await naive.append(batch);
  expect(await naive.meanOfDay()).toBeCloseTo(640 / 61);
  await naive.measure(10, 1, Number.NaN);
  expect(await naive.meanOfDay()).toBeNaN();

  expect(await countRowsRead(pool)).toBe(8760);
  const { before, after } = await forgetNearlyAll(pool);
  expect(after).toBe(before);
  expect(await naive.latest()).toMatchObject([{ sensor: 'cellar' }]);
});
