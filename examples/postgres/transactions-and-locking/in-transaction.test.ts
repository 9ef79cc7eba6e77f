import {
  freshDatabase,
  openPool,
} from '@touchstone/kit/postgres/database';
import { expect, it } from 'vitest';
import { inTransaction } from './in-transaction.ts';
import type { Queryable } from './queryable.ts';

const schema = new URL('schema.sql', import.meta.url);

async function count(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    'select count(*)::int as count from accounts',
  );
  return rows[0]?.count ?? 0;
}

function insert(db: Queryable, id: string) {
  return db.query(
    `insert into accounts (id, owner, cents) values ($1, 'Ana', 0)`,
    [id],
  );
}

it('commits what the work did, and returns its result', async () => {
  await using database = await freshDatabase({ schema });

  const seen = await inTransaction(database.pool, async (tx) => {
    await insert(tx, 'a');
    return [await count(tx), await count(database.pool)];
  });

  expect(seen).toEqual([1, 0]);
  expect(await count(database.pool)).toBe(1);
});

it('rolls back when the work throws, throws the same, and keeps the connection', async () => {
  await using database = await freshDatabase({ schema });
  await using one = openPool(database.url, { max: 1 });
  const { rows } = await one.pool.query('select pg_backend_pid()');
  const refusal = new Error('not enough money');

  const outcome = inTransaction(one.pool, async (tx) => {
    await insert(tx, 'a');
    throw refusal;
  });

  await expect(outcome).rejects.toBe(refusal);
  expect(await count(one.pool)).toBe(0);
  const { rows: after } = await one.pool.query(
    'select pg_backend_pid()',
  );
  expect(after).toEqual(rows);
});

it('takes a pool, a client and a transaction for a Queryable', async () => {
  await using database = await freshDatabase({ schema });
  const client = await database.pool.connect();

  await insert(database.pool, 'a');
  await insert(client, 'b');
  client.release();
  await inTransaction(database.pool, (tx) => insert(tx, 'c'));

  expect(await count(database.pool)).toBe(3);
});

it('takes values that are read-only, and `queryMode` in a statement', async () => {
  await using database = await freshDatabase({ schema });
  const values: readonly string[] = ['a'];
  const statement = {
    text: `insert into accounts (id, owner, cents) values ($1, 'Ana', 0)`,
    queryMode: 'extended',
  } as const;

  await inTransaction(database.pool, undefined, async (tx) => {
    await tx.query(statement, values);
    const text = 'select 1; select 2';
    await tx.query('savepoint before');
    await expect(
      tx.query({ text, queryMode: 'extended' }),
    ).rejects.toMatchObject({ code: '42601' });
    await tx.query('rollback to before');
  });

  expect(await count(database.pool)).toBe(1);
});

it('refuses a failed statement that the work has swallowed', async () => {
  await using database = await freshDatabase({ schema });

  const outcome = inTransaction(database.pool, async (tx) => {
    await insert(tx, 'a');
    await insert(tx, 'a').catch(() => {});
  });

  await expect(outcome).rejects.toMatchObject({
    code: 'rolled_back',
    cause: { code: '23505' },
  });
  expect(await count(database.pool)).toBe(0);
});

it('refuses a transaction inside another one', async () => {
  await using database = await freshDatabase({ schema });

  const outcome = inTransaction(database.pool, () =>
    inTransaction(database.pool, (tx) => insert(tx, 'a')),
  );

  await expect(outcome).rejects.toMatchObject({ code: 'nested' });
});

it('ends at its time limit, though the work hangs', async () => {
  await using database = await freshDatabase({ schema });
  const options = { timeLimitMs: 200 };

  const outcome = inTransaction(database.pool, options, async (tx) => {
    await insert(tx, 'a');
    await new Promise(() => {});
  });

  await expect(outcome).rejects.toMatchObject({ code: 'timed_out' });
  expect(await count(database.pool)).toBe(0);
  expect(database.pool.totalCount).toBe(1);
});
