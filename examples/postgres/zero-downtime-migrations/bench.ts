import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { applySqlFile } from '@touchstone/kit/postgres/sql-file';
import {
  type BenchTable,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { measureLoad, type Ordeal } from './bench-load.ts';
import { fillUsers } from './fill-users.ts';
import { migrate } from './migrate.ts';
import { createNaiveMigration } from './naive.ts';
import { SCHEMA } from './test-app.ts';

const ROWS = 1_000_000;
const ROUNDS = 3;

/** Each splits the names of all rows, makes them not null and indexes them. */
const contenders = {
  'this pattern': { migrate: migrateStepwise, note: '' },
  'no migration': {
    migrate: () => wait(20_000),
    note: 'the load alone, for 20 s',
  },
  'one transaction (naive)': {
    migrate: migrateAtOnce,
    note: 'reads and writes stop until it commits',
  },
  'node-pg-migrate 9.0': {
    migrate: migrateWithLibrary,
    note: 'a transaction for each migration, `lock_timeout` 200 ms, the index concurrently; one update of all rows',
  },
};

await using server = await startPostgres({ durable: true });
const admin = new pg.Client({ connectionString: server.url });
await admin.connect();
await makeTemplate();

const names = Object.keys(contenders);
const ordeals = new Map(
  names.map((name): [string, Ordeal[]] => [name, []]),
);
for (let round = 1; round <= ROUNDS; round += 1)
  for (const [name, one] of Object.entries(contenders)) {
    const ordeal = await measure(one.migrate);
    console.error(round, name, ordeal);
    ordeals.get(name)?.push(ordeal);
  }

const tables = [
  tabulate('99th percentile of live queries meanwhile', 'p99', 'ms'),
  tabulate('Longest wait of a live query', 'longest', 'ms'),
  tabulate('Until the migration is done', 'seconds', 's'),
];
const { rows } = await admin.query('show server_version');
await admin.end();
writeBench(new URL('bench.json', import.meta.url), {
  id: 'postgres/zero-downtime-migrations',
  software: `PostgreSQL ${rows[0].server_version}`,
  tables,
});

function tabulate(
  title: string,
  key: keyof Ordeal,
  unit: string,
): BenchTable {
  const round = (figure: number) => Number(figure.toPrecision(3));
  const read = (name: string) =>
    (ordeals.get(name) ?? [])
      .map(({ [key]: figure }) => figure)
      .toSorted((a, b) => a - b);
  const middle = (name: string) => read(name)[1] ?? 0;
  return {
    title: `${title}, ${ROWS.toLocaleString('en')} rows`,
    unit,
    better: 'lower',
    rows: Object.entries(contenders).map(([name, { note }]) => ({
      name,
      median: round(middle(name)),
      low: round(read(name)[0] ?? 0),
      high: round(read(name).at(-1) ?? 0),
      ratio: round(middle(name) / middle('this pattern')),
      ...(note && { note }),
    })),
  };
}

async function measure(migrate: (url: string) => Promise<unknown>) {
  await admin.query(
    'create database run template filled strategy file_copy',
  );
  await admin.query('checkpoint');
  const url = urlOf('run');
  const ordeal = await measureLoad(url, ROWS, () => migrate(url));
  await admin.query('drop database run with (force)');
  return ordeal;
}

async function makeTemplate() {
  await admin.query('create database filled');
  await withPool(urlOf('filled'), async (pool) => {
    const client = await pool.connect();
    await applySqlFile(SCHEMA, client);
    client.release();
    await fillUsers(pool, ROWS);
  });
}

function migrateStepwise(url: string) {
  return withPool(url, async (pool) => {
    const log = { info: () => {} };
    await migrate({ pool, log, target: '0006-restore-full-names' });
  });
}

function migrateAtOnce(url: string) {
  return withPool(url, (pool) =>
    createNaiveMigration({ pool }).migrate(),
  );
}

async function migrateWithLibrary(databaseUrl: string) {
  await runner({
    databaseUrl,
    dir: fileURLToPath(new URL('bench-migrations', import.meta.url)),
    direction: 'up',
    migrationsTable: 'pgmigrations',
    singleTransaction: false,
    log: () => {},
  });
}

async function withPool<T>(
  connectionString: string,
  work: (pool: pg.Pool) => Promise<T>,
): Promise<T> {
  const pool = new pg.Pool({ connectionString });
  pool.on('error', () => {}); // the database is dropped behind it
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

function urlOf(name: string): string {
  return Object.assign(new URL(server.url), { pathname: name }).href;
}
