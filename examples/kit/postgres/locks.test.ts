import pg from 'pg';
import { expect, it } from 'vitest';
import { openPool } from './database.ts';
import { cancelWaiting, countWaiting, lockTable, terminateWaiting, untilWaiting } from './locks.ts';
import { startPostgres } from './server.ts';

it('counts, cancels and ends the statements of this database that wait for a lock', async () => {
  await using server = await startPostgres();
  await using other = openPool(await createDatabase(server.url));
  await using database = openPool(server.url);
  const { pool } = database;
  await pool.query('create table notes (text text)');
  await other.pool.query('create table notes (text text)');
  const notes = await lockTable(pool, 'notes', 'share');
  const others = await lockTable(other.pool, 'notes');
  expect((await pool.query('select from notes')).rowCount).toBe(0);
  expect(await countWaiting(pool)).toBe(0);

  const cancelled = expect(insert()).rejects.toMatchObject({ code: '57014' });
  const elsewhere = other.pool.query('select from notes');
  await untilWaiting(pool);
  await untilWaiting(other.pool);
  expect(await cancelWaiting(pool)).toBe(1);
  await cancelled;
  const ended = [1, 2].map(() => expect(insert()).rejects.toMatchObject({ code: '57P01' }));
  await untilWaiting(pool, 2);
  expect(await terminateWaiting(pool)).toBe(2);
  await Promise.all(ended);

  await others.unlock();
  await elsewhere;
  const inserted = insert();
  await untilWaiting(pool);
  await notes.unlock();
  await notes.unlock();
  expect((await inserted).rowCount).toBe(1);

  function insert() {
    return pool.query(`insert into notes values ('here')`);
  }
});

async function createDatabase(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('create database other').finally(() => client.end());
  const address = new URL(url);
  address.pathname = '/other';
  return address.href;
}
