import { freshDatabase } from '@touchstone/kit/postgres/database';
import { expect, it } from 'vitest';
import { createNaiveTracing } from './naive.ts';

it('shows how the naive way fails: a request gets the id of another, and an id runs as SQL', async () => {
  await using database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  const { pool } = database;
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const { begin, log, query } = createNaiveTracing({ pool, write });
  await pool.query("insert into orders (sku) values ('shoes')");

  begin({ headers: { 'x-request-id': 'ada' } });
  begin({ headers: { 'x-request-id': '*/; delete from orders; --' } });
  log('the order of Ada is paid');
  await query('select 1');

  expect(lines[0]).not.toContain('ada');
  const { rows } = await pool.query('select from orders');
  expect(rows).toEqual([]);
});
