import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { expect, it } from 'vitest';
import {
  createNaiveApp,
  createNaiveKey,
  NAIVE_TABLE,
} from './naive.ts';

it('shows how the naive way fails: the key is in the log and the table, and works after it is deleted', async () => {
  await using database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  const { pool } = database;
  await pool.query(NAIVE_TABLE);
  const key = await createNaiveKey(pool, 'ada');
  const lines: string[] = [];
  const app = createNaiveApp(pool, (line) => lines.push(line));
  await using server = await listen(app);
  const url = `${server.url}/orders?api_key=${key}`;

  expect((await fetch(url)).status).toBe(200);

  expect(lines[0]).toContain(key);
  const { rows } = await pool.query(
    'delete from naive_keys returning *',
  );
  expect(rows[0]).toMatchObject({ key, used_at: expect.any(Date) });
  expect((await fetch(url)).status).toBe(200);
  expect((await fetch(`${url}x`)).status).toBe(401);
});
