import { fileURLToPath } from 'node:url';
import {
  type Database,
  freshDatabase,
} from '@touchstone/kit/postgres/database';
import { lockTable } from '@touchstone/kit/postgres/locks';
import { startGuardedProgram } from '@touchstone/kit/programs/guarded-program';
import { startProgram } from '@touchstone/kit/programs/program';
import {
  createClient,
  type Send,
} from '@touchstone/kit/testing/client';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import { takeLock } from '../../postgres/transactions-and-locking/advisory-lock.ts';
import { readMigrations } from '../../postgres/zero-downtime-migrations/migration-files.ts';

/** What production starts. */
export const SERVE = new URL('serve.ts', import.meta.url);

/** The folder of its migrations. */
export const MIGRATIONS = new URL('migrations/', import.meta.url);

/** A database without tables. */
export const openDatabase = () =>
  freshDatabase({ schema: new URL('empty.sql', import.meta.url) });

type Settings = Record<string, string>;

const describeInstance = (databaseUrl: string, settings: Settings) => ({
  DATABASE_URL: databaseUrl,
  PORT: '0',
  NOTICE: '0ms',
  ...settings,
});

/** An instance that is ready. */
export async function startInstance(url: string, settings: Settings) {
  const program = await startProgram(
    SERVE,
    describeInstance(url, settings),
  );
  const probe = async (path: string) =>
    (await fetch(`${program.url}${path}`)).status;
  const becomes = (status: number) =>
    waitUntil(
      `/readyz is ${status}`,
      async () => (await probe('/readyz')) === status,
    );
  await becomes(200);
  return {
    ...program,
    send: createClient(program.url),
    probe,
    becomes,
  };
}

/** An instance whose start may take as long as a test wants. */
export function launchInstance(url: string, settings: Settings) {
  const program = startGuardedProgram({
    program: process.execPath,
    args: [...process.execArgv, fileURLToPath(SERVE)],
    environment: describeInstance(url, settings),
    stopSignal: 'SIGTERM',
  });
  return { ...program, [Symbol.asyncDispose]: program.stop };
}

/** What a service and its migrations begin with. */
export const describeShop = ({ url }: Database) => ({
  name: 'shop',
  databaseUrl: url,
  migrations: MIGRATIONS,
  log: createTestLog(),
});

/** How many rows there are: of a table, or of those where something is true. */
export async function countRows({ pool }: Database, from: string) {
  const { rowCount } = await pool.query(`select from ${from}`);
  return rowCount;
}

/** How many connections the database has of which that is true. */
export const countConnections = (
  database: Database,
  condition: string,
) =>
  countRows(
    database,
    `pg_stat_activity
     where datname = current_database() and ${condition}`,
  );

/** Another process in the middle of the first migration. */
export async function beginFirstMigration({ pool }: Database) {
  const client = await pool.connect();
  await client.query('begin');
  await takeLock(client, { purpose: 'migrations', key: 'first' });
  const [first] = readMigrations(MIGRATIONS);
  await client.query(`${first?.up?.sql}`);
  await client.query(
    'insert into migrations (name, checksum) values ($1, $2)',
    [first?.name, first?.checksum],
  );
  async function end(how: 'commit' | 'rollback') {
    await client.query(how);
    client.release();
  }
  return { end };
}

/** Places an order and returns its path. */
export async function placeOrder(send: Send): Promise<string> {
  const body = { customer: 'Ada', cents: 4200 };
  const { status, headers } = await send('POST', '/orders', { body });
  if (status !== 201) throw new Error(`an order is answered ${status}`);
  return `${headers.get('location')}`;
}

/** How many orders are there, and how many of them are confirmed. */
export async function countOrders({ pool }: Database) {
  const { rows } = await pool.query<{ all: number; confirmed: number }>(
    `select count(*)::int as all, count(confirmed_at)::int as confirmed
     from orders`,
  );
  return rows[0];
}

/** Resolves once so many orders are confirmed, and no job is left. */
export async function untilConfirmed(
  database: Database,
  orders: number,
) {
  await waitUntil(`${orders} orders are confirmed`, async () => {
    const jobs = await countRows(database, 'jobs');
    const counts = await countOrders(database);
    return jobs === 0 && counts?.confirmed === orders;
  });
}

/** Gives each order a job that confirms it once more, due now; it cannot end before the table is unlocked. */
export async function beginJobs(database: Database) {
  const { pool } = database;
  await pool.query('update orders set confirmed_at = null');
  const locked = await lockTable(pool, 'orders', 'exclusive');
  await pool.query(
    `insert into jobs (kind, payload, due_at, max_attempts)
     select 'confirm-order', jsonb_build_object('orderId', id::text),
            now(), 20
     from orders`,
  );
  return locked;
}

/** The lease of a worker that is gone is over. */
export const makeJobsDue = ({ pool }: Database) =>
  pool.query('update jobs set due_at = now()');

/** What the log of a program has under `message`. */
export const listMessages = (output: string): string[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => (JSON.parse(line) as { message: string }).message);
