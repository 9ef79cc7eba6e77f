import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  createNaiveApp,
  createNaiveKey,
  NAIVE_TABLE,
} from './naive.ts';

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
const { pool } = database;
await pool.query(NAIVE_TABLE);
const key = await createNaiveKey(pool, 'ada');
const lines: string[] = [];
const log = (line: string) => lines.push(line);
await using here = await listen(createNaiveApp(pool, log));
await using there = await listen(createNaiveApp(pool, log));

console.log(`a request: ${await send(there.url)}`);
const { rows } = await pool.query('select key from naive_keys');
console.log(`the access log has the key: ${lines[0]?.includes(key)}`);
console.log(`a backup has the key: ${rows[0]?.key === key}`);

const before = await countWrites();
for (let request = 0; request < 100; request++) await send(there.url);
const writes = (await countWrites()) - before;
console.log(`100 requests write the row ${writes} times`);

await pool.query('delete from naive_keys where key = $1', [key]);
console.log('the key is revoked');
console.log(`at a new instance: ${await send(here.url)}`);
console.log(`at the other instance: ${await send(there.url)}`);

async function send(url: string): Promise<number> {
  const { status } = await fetch(`${url}/orders?api_key=${key}`);
  return status;
}

/** The transactions that changed the row, by its version. */
async function countWrites(): Promise<number> {
  await pool.query('select pg_stat_force_next_flush()');
  const { rows } = await pool.query(
    `select n_tup_upd::int as n from pg_stat_user_tables
     where relname = 'naive_keys'`,
  );
  return rows[0]?.n;
}
