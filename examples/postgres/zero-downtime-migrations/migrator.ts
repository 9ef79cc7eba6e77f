import { setTimeout as wait } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { type Brake, runBackfill } from './backfill.ts';
import { runConcurrently } from './build-index.ts';
import {
  type Direction,
  type Migration,
  MigrationError,
  START,
} from './migration.ts';
import { type LockRules, transact } from './transact.ts';

/** What a migrator needs; the pool leads to Postgres itself, not to PgBouncer. */
export type MigratorOptions = Partial<LockRules> & {
  pool: Pool;
  migrations: Migration[];
  log: LockRules['log'];
  /** What speaks against a migration, asked right before it. */
  review: (
    migration: Migration,
    direction: Direction,
  ) => Promise<string[]>;
  brakes?: Brake[];
  batchMs?: number;
};

/** Moves a database to any of its migrations, up or down, one mover at a time. */
export function createMigrator(options: MigratorOptions) {
  const { pool, migrations, log, review, brakes = [] } = options;
  const { pause = wait, random = Math.random } = options;
  const { lockTimeoutMs = 200, attempts = 30 } = options;
  const { statementTimeoutMs = 5000, batchMs = 100 } = options;
  const rules = {
    ...{ log, pause, random, lockTimeoutMs, attempts },
    statementTimeoutMs,
  };

  /** Resolves with the names of what was done; without a target, all is applied. */
  async function moveTo(target = migrations.at(-1)?.name ?? START) {
    const last = migrations.findIndex(({ name }) => name === target);
    if (last < 0 && target !== START)
      throw new MigrationError('unknown', `There is no ${target}`);
    return await alone(async (client) => {
      const applied = await checkHistory(client);
      const ups = migrations.slice(applied, last + 1);
      const downs = migrations.slice(last + 1, applied).toReversed();
      for (const migration of ups) await run(client, migration, 'up');
      for (const migration of downs)
        await run(client, migration, 'down');
      return [...ups, ...downs].map(({ name }) => name);
    });
  }

  // #region one-mover
  async function alone<T>(work: (client: PoolClient) => Promise<T>) {
    const client = await pool.connect();
    client.on('error', ignore); // it fails the query under way, too
    try {
      // Asked again and again: whoever waits inside Postgres holds a
      // snapshot, and a concurrent build waits for all of them.
      while (!(await takeTurn(client))) await pause(100);
      return await work(client);
    } finally {
      // The lock is the connection's, and all work is done on it: who
      // loses the one has lost the other.
      client.release(true);
    }
  }

  async function takeTurn(client: PoolClient): Promise<boolean> {
    const { rows } = await client.query<{ free: boolean }>(
      `select pg_try_advisory_lock(hashtext('migrations')) as free`,
    );
    return rows[0]?.free === true;
  }
  // #endregion one-mover

  // #region check-history
  /** What is applied is the beginning of what is here, to the letter. */
  async function checkHistory(client: PoolClient): Promise<number> {
    const { rows } = await client.query<Migration>(
      'select name, checksum from migrations order by name collate "C"',
    );
    for (const [index, { name, checksum }] of rows.entries()) {
      const file = migrations[index];
      if (file?.name !== name)
        throw new MigrationError(
          'out_of_order',
          `${name} is applied; in its place is ${file?.name ?? 'nothing'}`,
        );
      if (file.checksum !== checksum)
        throw new MigrationError(
          'edited',
          `${name} was edited after it was applied: write a new one`,
        );
    }
    return rows.length;
  }
  // #endregion check-history

  async function run(
    client: PoolClient,
    migration: Migration,
    way: Direction,
  ) {
    const { name, [way]: step } = migration;
    const objections = await review(migration, way);
    if (objections.length > 0)
      throw new MigrationError('refused', objections.join('; '));
    const began = performance.now();
    if (step?.kind === 'concurrent')
      await runConcurrently(client, step);
    if (step?.kind === 'backfill')
      await runBackfill(client, {
        ...{ name: `${name}.${way}`, sql: step.sql },
        ...{ rules, brakes, batchMs },
      });
    const limits = step?.scans ? { statementTimeoutMs: 0 } : {};
    await transact(client, { ...rules, ...limits }, async () => {
      if (step?.kind === 'transaction') await client.query(step.sql);
      await record(client, migration, way);
    });
    const ms = Math.round(performance.now() - began);
    log.info('migrated', { name, way, ms });
  }

  return { moveTo };
}

async function record(
  client: PoolClient,
  { name, checksum }: Migration,
  way: Direction,
) {
  await client.query('delete from backfills where name = $1', [
    `${name}.${way}`,
  ]);
  if (way === 'down')
    await client.query('delete from migrations where name = $1', [
      name,
    ]);
  else
    await client.query(
      'insert into migrations (name, checksum) values ($1, $2)',
      [name, checksum],
    );
}

function ignore() {}
