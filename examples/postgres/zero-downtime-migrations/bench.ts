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
import { createNaiveMigration } from './naive.ts';
import { fillUsers } from './roll-out.ts';
import { createService } from './service.ts';
import { SCHEMA } from './test-app.ts';

const ROWS = 2_000_000;

/** Each splits the names of all rows, makes them not null and indexes them. */
const contenders = {
  'this pattern': { migrate: migrateStepwise, note: '' },
  'one transaction (naive)': {
    migrate: migrateAtOnce,
    note: 'reads and writes stop until it commits',
  },
  'node-pg-migrate 9.0': {
    migrate: migrateWithLibrary,
    note: 'as its command line does: all that is pending in one transaction, no `lock_timeout`',
  },
};

await using server = await startPostgres({ durable: true });
const admin = new pg.Client({ connectionString: server.url });
await admin.connect();
await makeTemplate();

// Once each: the migration of the pattern alone takes a minute or more.
const ordeals: [name: string, note: string, Ordeal][] = [];
for (const [name, { migrate, note }] of Object.entries(contenders)) {
  const ordeal = await measure(migrate);
  console.error(name, ordeal);
  ordeals.push([name, note, ordeal]);
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
  const base = ordeals[0]?.[2][key] ?? 1;
  return {
    title: `${title}, ${ROWS.toLocaleString('en')} rows, one run`,
    ...{ unit, better: 'lower' },
    rows: ordeals.map(([name, note, { [key]: figure }]) => ({
      name,
      ...{ median: round(figure), low: round(figure) },
      ...{ high: round(figure), ratio: round(figure / base) },
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
    const log = { info: () => {}, error: console.error };
    const { migrator } = await createService({
      ...{ pool, log, running: ['old'] },
    });
    await migrator.moveTo('0007-restore-full-names');
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
    // The default of its command line; of the function it is not.
    singleTransaction: true,
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
