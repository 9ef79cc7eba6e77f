import { freshDatabase } from '@touchstone/kit/postgres/database';
import type { Queryable } from './queryable.ts';

const schema = new URL('schema.sql', import.meta.url);

/** A database in which Ana, Bob and Cy have 100.00 each, Cy in two accounts. */
export async function startAccounts({ durable = false } = {}) {
  const database = await freshDatabase({ schema, durable });
  await database.pool.query(
    `insert into accounts (id, owner, cents)
     values ('ana', 'Ana', 10000), ('bob', 'Bob', 10000),
            ('cy-1', 'Cy', 5000), ('cy-2', 'Cy', 5000)`,
  );
  return database;
}

/** What an account has. */
export async function readCents(db: Queryable, id: string) {
  const { rows } = await db.query<{ cents: string }>(
    'select cents from accounts where id = $1',
    [id],
  );
  return Number(rows[0]?.cents);
}

/** What all accounts have together. */
export async function sumCents(db: Queryable) {
  const { rows } = await db.query<{ total: string }>(
    'select sum(cents) as total from accounts',
  );
  return Number(rows[0]?.total);
}

/** Adds to an account. */
export async function addCents(
  db: Queryable,
  id: string,
  cents: number,
) {
  await db.query(
    'update accounts set cents = cents + $2 where id = $1',
    [id, cents],
  );
}

/** A meeting point: nobody goes on before that many are there. */
export function createMeeting(size: number): () => Promise<void> {
  let missing = size;
  let open = () => {};
  const all = new Promise<void>((resolve) => {
    open = resolve;
  });
  return async function arrive() {
    missing -= 1;
    if (missing <= 0) open();
    await all;
  };
}
