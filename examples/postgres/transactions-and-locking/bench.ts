import { openPool } from '@touchstone/kit/postgres/database';
import {
  type BenchTable,
  type Contender,
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { type Generated, Kysely, PostgresDialect, sql } from 'kysely';
import type { Pool } from 'pg';
import {
  inTransaction,
  type TransactionOptions,
} from './in-transaction.ts';
import type { Queryable } from './queryable.ts';
import { addCents, readCents, startAccounts } from './test-accounts.ts';

type Add = (id: string) => Promise<unknown>;
type Tables = {
  accounts: { id: string; owner: string; cents: Generated<string> };
};

const LOAD = { clients: 8, seconds: 1 };

await using database = await startAccounts({ durable: true });
await using own = openPool(database.url, { max: LOAD.clients });
const { pool } = own;
await pool.query(
  `insert into accounts (id, owner, cents)
   select 'row-' || n, 'Ana', 0 from generate_series(0, 7) as n`,
);
const kysely = new Kysely<Tables>({
  dialect: new PostgresDialect({ pool }),
});
const { rows } = await pool.query('show server_version');

const tables = [await compareOverhead(), await compareContention()];
writeBench(new URL('bench.json', import.meta.url), {
  id: 'postgres/transactions-and-locking',
  software: `PostgreSQL ${rows[0].server_version}`,
  tables,
});

/** What begin, limits and a checked commit cost. */
function compareOverhead(): Promise<BenchTable> {
  const measure = createMeasure((client) => `row-${client}`);
  const contenders: [Contender, ...Contender[]] = [
    measure('this pattern', (id) =>
      inTransaction(pool, (tx) => addCents(tx, id, 1)),
    ),
    measure(
      'begin and commit by hand (naive)',
      (id) => byHand(pool, (client) => addCents(client, id, 1)),
      'no limit, no check',
    ),
    measure(
      'Kysely 0.29',
      (id) =>
        kysely
          .transaction()
          .execute((trx) =>
            sql`update accounts set cents = cents + 1 where id = ${id}`.execute(
              trx,
            ),
          ),
      'checks the commit; no limit, no retry',
    ),
  ];
  return compare({
    title: `One update in a transaction, ${LOAD.clients} clients, a row for each`,
    unit: 'transactions/s',
    better: 'higher',
    contenders,
  });
}

/** All read one row, compute, and write it back. */
function compareContention(): Promise<BenchTable> {
  const measure = createMeasure(() => 'ana');
  const attempts = 100;
  const contenders: [Contender, ...Contender[]] = [
    measure('this pattern, `for no key update`', (id) =>
      readAndWrite(pool, id, {}, 'for no key update'),
    ),
    measure('this pattern, serializable and retries', (id) =>
      readAndWrite(pool, id, { isolation: 'serializable', attempts }),
    ),
    measure('Kysely 0.29, `for no key update`', addWithKysely),
    measure(
      'compare and swap, no transaction',
      (id) => compareAndSwap(pool, id),
      'tries again at once',
    ),
    measure(
      'one statement: `cents = cents + 1`',
      (id) => addCents(pool, id, 1),
      'where the new value needs no code',
    ),
    measure(
      'read and write by hand (naive)',
      (id) =>
        byHand(pool, async (client) => {
          const cents = await readCents(client, id);
          await setCents(client, id, cents + 1);
        }),
      'loses updates',
    ),
  ];
  return compare({
    title: `Read, compute and write one row, ${LOAD.clients} clients`,
    unit: 'updates/s',
    better: 'higher',
    contenders,
  });
}

/** Makes contenders that add 1 at a time, and count what has arrived. */
function createMeasure(choose: (client: number) => string) {
  return (name: string, add: Add, note = ''): Contender => ({
    name,
    ...(note && { note }),
    async measure() {
      const before = await sum();
      let calls = 0;
      const rate = await operationsPerSecond(LOAD, async (client) => {
        await add(choose(client));
        calls += 1;
      });
      const lost = calls - (await sum()) + before;
      if (lost > 0 && !name.includes('read and write by hand'))
        throw new Error(
          `${name}: ${lost} of ${calls} updates are lost`,
        );
      return rate;
    },
  });
}

async function sum(): Promise<number> {
  const { rows } = await pool.query<{ total: string }>(
    'select sum(cents) as total from accounts',
  );
  return Number(rows[0]?.total);
}

function readAndWrite(
  on: Pool,
  id: string,
  options: TransactionOptions,
  lock = '',
) {
  return inTransaction(on, options, async (tx) => {
    const { rows } = await tx.query<{ cents: string }>(
      `select cents from accounts where id = $1 ${lock}`,
      [id],
    );
    await setCents(tx, id, Number(rows[0]?.cents) + 1);
  });
}

function addWithKysely(id: string) {
  return kysely.transaction().execute(async (trx) => {
    const { cents } = await trx
      .selectFrom('accounts')
      .select('cents')
      .where('id', '=', id)
      .forNoKeyUpdate()
      .executeTakeFirstOrThrow();
    await trx
      .updateTable('accounts')
      .set({ cents: `${Number(cents) + 1}` })
      .where('id', '=', id)
      .execute();
  });
}

async function compareAndSwap(on: Pool, id: string) {
  for (let done = 0; done === 0; ) {
    const cents = await readCents(on, id);
    const { rowCount } = await on.query(
      'update accounts set cents = $3 where id = $1 and cents = $2',
      [id, cents, cents + 1],
    );
    done = rowCount ?? 0;
  }
}

async function setCents(db: Queryable, id: string, cents: number) {
  await db.query('update accounts set cents = $2 where id = $1', [
    id,
    cents,
  ]);
}

async function byHand(
  on: Pool,
  work: (client: Queryable) => Promise<void>,
) {
  const client = await on.connect();
  try {
    await client.query('begin');
    await work(client);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}
