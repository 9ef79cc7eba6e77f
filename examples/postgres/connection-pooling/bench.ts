import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startPgBouncer } from '@touchstone/kit/postgres/pgbouncer';
import {
  type BenchTable,
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { Pool } from 'pg';
import postgres from 'postgres';
import { createPool } from './create-pool.ts';

type Ask = (sql: string) => Promise<unknown>;
type Peer = { name: string; ask: Ask; note?: string };

const LOAD = { clients: 64, seconds: 0.7 };
const SHORT = 'select name from items where id = 1';
/** About 5 ms of a core, as a report on cached rows. */
const HEAVY = 'select count(*) from generate_series(1, 40000) as n';
const REFUSED = `insert into items values (1, 'kettle')`;

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
  durable: true,
});
await using bouncer = await startPgBouncer({
  databaseUrl: database.url,
  poolSize: 5,
});
await database.pool.query(REFUSED);
const { rows } = await database.pool.query('show server_version');
const ends: (() => Promise<unknown>)[] = [];

const own = new Map(
  [10, 2, 50].map((max) => [max, openOwn(max, database.url)]),
);
const plain = new Pool({ connectionString: database.url, max: 10 });
plain.on('error', () => {});
ends.push(() => plain.end());
const peers: Peer[] = [
  openBouncer(),
  {
    name: 'pg Pool as it comes, 10',
    note: 'no limits',
    ask: (sql) => plain.query(sql),
  },
  openPostgresJs(),
];
const byHand: Peer = {
  name: 'pg Pool, clients taken and released, 10',
  note: 'no limits; keeps the connection',
  ask: askByHand,
};
const all = [...own.values(), ...peers];

const tables = [
  await compareRates('One row by its key, 64 callers', SHORT, all),
  await compareRates('A statement of some ms, 64 callers', HEAVY, all),
  await compareRates(
    'Statements that fail with 23505, 64 callers',
    REFUSED,
    [...[...own.values()].slice(0, 1), ...peers.slice(1), byHand],
  ),
];
writeBench(new URL('bench.json', import.meta.url), {
  id: 'postgres/connection-pooling',
  software: `PostgreSQL ${rows[0].server_version}, PgBouncer in transaction mode`,
  tables,
});
for (const end of ends) await end();

function openOwn(max: number, connectionString: string): Peer {
  const pool = createPool({
    connectionString,
    applicationName: 'bench',
    max,
    log: console,
  });
  ends.push(() => pool.end());
  return {
    name: `this pattern, ${max} connections`,
    ask: (sql) => pool.query(sql),
  };
}

function openBouncer(): Peer {
  const pool = createPool({
    connectionString: bouncer.url,
    applicationName: 'bench',
    max: 50,
    pgbouncer: true,
    log: console,
  });
  ends.push(() => pool.end());
  return {
    name: 'this pattern, 50 connections to PgBouncer',
    note: 'which has 5 to Postgres',
    ask: (sql) => pool.query(sql),
  };
}

/** Released without the error, as `finally` does: pg keeps the connection. */
async function askByHand(sql: string) {
  const client = await plain.connect();
  try {
    return await client.query(sql);
  } finally {
    client.release();
  }
}

/** With prepared statements and pipelining, as it comes. */
function openPostgresJs(): Peer {
  const sql = postgres(database.url, { max: 10, onnotice: () => {} });
  ends.push(() => sql.end());
  return {
    name: 'postgres 3.4.9, 10 connections',
    note: 'prepared and pipelined; its queue has no limit',
    ask: (text) => sql.unsafe(text, [], { prepare: true }),
  };
}

function compareRates(
  title: string,
  sql: string,
  list: Peer[],
): Promise<BenchTable> {
  const [first, ...rest] = list.map(({ ask, ...peer }) => ({
    ...peer,
    measure: () =>
      operationsPerSecond(LOAD, () => ask(sql).catch(expectRefusal)),
  }));
  if (!first) throw new Error('nothing to compare');
  return compare({
    title,
    unit: 'statements/s',
    better: 'higher',
    contenders: [first, ...rest],
  });
}

/** A statement of the bench fails only where it is meant to. */
function expectRefusal(error: unknown) {
  const code = error instanceof Error && 'code' in error && error.code;
  if (code !== '23505') throw error;
}
