import { setTimeout as wait } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { Queryable } from '../transactions-and-locking/queryable.ts';
import { runBackfill } from './backfill.ts';
import { giveWay, type Rules } from './give-way.ts';
import {
  type Direction,
  type Migration,
  MigrationError,
  START,
} from './migration-files.ts';
import { waitForReplicas } from './wait-for-replicas.ts';

/** What a migrator needs; the pool leads to Postgres itself, not to PgBouncer. */
export type MigratorOptions = Omit<Rules, 'pause' | 'signal'> & {
  migrations: Migration[];
  pause?: Rules['pause'] | undefined;
  /** Stops the migration under way; the next run goes on from there. */
  signal?: AbortSignal | undefined;
};

/** Moves a database to any of its migrations, up or down, one mover at a time. */
export function createMigrator(options: MigratorOptions) {
  const { pool, log, migrations } = options;
  const { pause = waitFor } = options;
  const { signal: stop = new AbortController().signal } = options;
  if (pool.options.max < 2 || pool.options.query_timeout)
    throw new RangeError(
      'A migrator needs a pool of 2, as one connection holds its lock, and no query_timeout',
    );

  /** Resolves with the names of what was done; without a target, all is applied. */
  async function moveTo(target = migrations.at(-1)?.name ?? START) {
    const last = migrations.findIndex(({ name }) => name === target);
    if (last < 0 && target !== START)
      throw new MigrationError(
        'unknown_target',
        `There is no migration ${target}`,
      );
    return alone(async (client, rules) => {
      const applied = await checkHistory(client);
      const ups = migrations.slice(applied, last + 1);
      const downs = migrations.slice(last + 1, applied).toReversed();
      for (const one of ups) await run(client, rules, one, 'up');
      for (const one of downs) await run(client, rules, one, 'down');
      return [...ups, ...downs].map(({ name }) => name);
    });
  }

  // #region one-mover
  async function alone<T>(
    work: (client: PoolClient, rules: Rules) => Promise<T>,
  ): Promise<T> {
    const client = await pool.connect();
    const lost = new AbortController();
    const signal = AbortSignal.any([stop, lost.signal]);
    // With the connection goes the lock: all work must stop.
    client.on('error', (error) => lost.abort(error));
    const hangUp = () => client.connection.stream.destroy();
    signal.addEventListener('abort', hangUp);
    try {
      await client.query(UNLIMITED);
      // A session that waits inside Postgres has a snapshot, and a
      // concurrent build waits for all of them: ask again instead.
      for (let turn = 1; !(await takeTurn(client)); turn += 1) {
        if (turn === 1) log.info('another migrator is running', {});
        await pause(100, signal);
      }
      return await work(client, { ...options, pause, signal });
    } catch (error) {
      // What was under way fails as its connection does: say why.
      stop.throwIfAborted();
      throw error;
    } finally {
      client.release(true);
    }
  }

  async function takeTurn(client: PoolClient): Promise<boolean> {
    const { rows } = await client.query<{ free: boolean }>(
      `select pg_try_advisory_lock(
         hashtextextended('migrations', 0)
       ) as free`,
    );
    return rows[0]?.free === true;
  }
  // #endregion one-mover

  // #region check-history
  /** What is applied is the beginning of what is here. */
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
    rules: Rules,
    migration: Migration,
    way: Direction,
  ) {
    const { [way]: step } = migration;
    const name = `${migration.name}.${way}`;
    await waitForReplicas(name, rules);
    if (step?.kind === 'concurrent')
      await runConcurrently(client, step.sql);
    if (step?.kind === 'backfill')
      await runBackfill({ ...migration, ...step, name }, rules);
    await giveWay(rules, async (tx) => {
      await record(tx, migration, way);
      if (step?.kind === 'transaction') await tx.query(step.sql);
    });
    log.info('migrated', { name });
  }

  return { moveTo };
}

function waitFor(ms: number, signal: AbortSignal) {
  return wait(ms, undefined, { signal });
}

/** For the session that holds the lock: idle for hours, or building an index. */
const UNLIMITED = `
  set lock_timeout = 0;
  set statement_timeout = 0;
  set idle_session_timeout = 0;
  set client_connection_check_interval = 1000`;

// #region rebuild-index
/** A build that failed left an invalid index: no query reads it, and each write pays for it. */
async function runConcurrently(client: PoolClient, sql: string) {
  const [, index, table] =
    /create index concurrently (\S+)\s+on (\S+)/i.exec(sql) ?? [];
  const { rows } = await client.query<{ drop: string }>(
    `select format(
       'drop index concurrently %s', indexrelid::regclass
     ) as drop
     from pg_index
     join pg_class on pg_class.oid = indexrelid
     where relname = $1
       and indrelid = to_regclass($2)
       and not indisvalid`,
    [index, table],
  );
  for (const { drop } of rows) await client.query(drop);
  await client.query(sql);
}
// #endregion rebuild-index

/** A backfill that is half done begins again: this step may undo it. */
async function record(
  tx: Queryable,
  { name, checksum }: Migration,
  way: Direction,
) {
  await tx.query('delete from backfills');
  if (way === 'up')
    await tx.query(
      'insert into migrations (name, checksum) values ($1, $2)',
      [name, checksum],
    );
  else await tx.query('delete from migrations where name = $1', [name]);
}
