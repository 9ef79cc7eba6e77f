import { Pool } from 'pg';
import { takeLock } from '../../postgres/transactions-and-locking/advisory-lock.ts';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import {
  type Migration,
  readMigrations,
} from '../../postgres/zero-downtime-migrations/migration-files.ts';
import { createMigrator } from '../../postgres/zero-downtime-migrations/migrator.ts';

type Options = {
  name: string;
  databaseUrl: string;
  migrations: URL;
  log: Record<
    'info' | 'warn',
    (message: string, details: object) => void
  >;
  signal: AbortSignal;
};

/** Applies the migrations of a folder that are new; of several processes, one does, and the others wait. */
export async function applyMigrations(options: Options) {
  const { name, databaseUrl, log, signal } = options;
  const migrations = readMigrations(options.migrations);
  // No limit for an answer: an index takes as long as it needs.
  const pool = new Pool({
    connectionString: databaseUrl,
    application_name: `${name} migrations`,
    max: 2,
    connectionTimeoutMillis: 5000,
  });
  pool.on('error', (error) => log.warn('connection lost', { error }));
  try {
    const [first] = migrations;
    if (first) await applyFirst(pool, first);
    const migrator = createMigrator({ pool, log, migrations, signal });
    return await migrator.moveTo();
  } finally {
    await pool.end();
  }
}

// #region apply-first
/** The first migration makes the table that it is recorded in. */
async function applyFirst(
  pool: Pool,
  { name, checksum, up }: Migration,
) {
  await inTransaction(pool, async (tx) => {
    await takeLock(tx, { purpose: 'migrations', key: 'first' });
    const { rows } = await tx.query<{ isNew: boolean }>(
      `select to_regclass('migrations') is null as "isNew"`,
    );
    if (!rows[0]?.isNew || !up) return;
    await tx.query(up.sql);
    await tx.query(
      'insert into migrations (name, checksum) values ($1, $2)',
      [name, checksum],
    );
  });
}
// #endregion apply-first
