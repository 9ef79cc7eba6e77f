import type { Pool } from 'pg';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { takeLock } from '../../postgres/transactions-and-locking/advisory-lock.ts';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import {
  type Migration,
  MigrationError,
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
};

// #region migrate-without-a-limit
/** Applies the migrations of a folder that are new; of several processes, one does, and the others wait. */
export async function applyMigrations(
  options: Options,
): Promise<string[]> {
  const pool = createPool({
    connectionString: options.databaseUrl,
    applicationName: `${options.name} migrations`,
    log: options.log,
    answerTimeoutMs: 86_400_000, // an index takes as long as it needs
  });
  return applyWith(pool, options).finally(() => pool.end());
}
// #endregion migrate-without-a-limit

async function applyWith(pool: Pool, options: Options) {
  const { log } = options;
  const migrations = readMigrations(options.migrations);
  const [first] = migrations;
  if (first) await applyFirst(pool, first);
  // #region serve-an-older-release
  try {
    return await createMigrator({ pool, log, migrations }).moveTo();
  } catch (error) {
    const isOther =
      error instanceof MigrationError && error.code === 'out_of_order';
    if (!isOther || !(await isAhead(pool, migrations))) throw error;
    log.warn('the database is newer than this release', {});
    return [];
  }
  // #endregion serve-an-older-release
}

/** The next release has migrated, and what it did suits this one too. */
async function isAhead(
  pool: Pool,
  migrations: Migration[],
): Promise<boolean> {
  const { rows } = await pool.query<Migration>(
    'select name, checksum from migrations order by name collate "C"',
  );
  return migrations.every(
    ({ name, checksum }, index) =>
      rows[index]?.name === name && rows[index].checksum === checksum,
  );
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
