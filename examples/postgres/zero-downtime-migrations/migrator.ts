import { setTimeout as wait } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { Queryable } from '../transactions-and-locking/queryable.ts';
import { runBackfill } from './backfill.ts';
import { type Brake, waitForBrakes } from './brakes.ts';
import { giveWay, type Rules } from './give-way.ts';
import {
  type Direction,
  type Migration,
  MigrationError,
  START,
} from './migration-files.ts';

/** What a migrator needs; the pool leads to Postgres itself, not to PgBouncer. */
export type MigratorOptions = Partial<Rules> &
  Pick<Rules, 'pool' | 'log'> & {
    migrations: Migration[];
    brakes?: Brake[];
    batchMs?: number;
  };

type Move = { client: PoolClient; rules: Rules & { brakes: Brake[] } };

const DEFAULTS = {
  pause: (milliseconds: number, signal: AbortSignal) =>
    wait(milliseconds, undefined, { signal }),
  random: Math.random,
  lockTimeoutMs: 200,
  timeLimitMs: 5000,
  attempts: 30,
  signal: new AbortController().signal,
};

const DAY_MS = 86_400_000;

/** Moves a database to any of its migrations, up or down, one mover at a time. */
export function createMigrator(options: MigratorOptions) {
  const { migrations, brakes = [], batchMs = 100 } = options;
  const given = { ...DEFAULTS, ...options, brakes };
  const { pool, log, pause } = given;
  if (pool.options.max < 2)
    throw new RangeError(
      'A migrator needs a pool of 2: one connection holds its lock',
    );

  /** Resolves with the names of what was done; without a target, all is applied. */
  async function moveTo(target = migrations.at(-1)?.name ?? START) {
    const last = migrations.findIndex(({ name }) => name === target);
    if (last < 0 && target !== START)
      throw new MigrationError(
        'unknown_target',
        `There is no migration ${target}`,
      );
    return await alone(async (move) => {
      const applied = await checkHistory(move.client);
      const ups = migrations.slice(applied, last + 1);
      const downs = migrations.slice(last + 1, applied).toReversed();
      for (const one of ups) await run(move, one, 'up');
      for (const one of downs) await run(move, one, 'down');
      return [...ups, ...downs].map(({ name }) => name);
    });
  }

  // #region one-mover
  async function alone<T>(work: (move: Move) => Promise<T>) {
    const client = await pool.connect();
    const lost = new AbortController();
    const signal = AbortSignal.any([given.signal, lost.signal]);
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
      return await work({ client, rules: { ...given, signal } });
    } catch (error) {
      // What was under way fails as its connection does: say why.
      given.signal.throwIfAborted();
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
    { client, rules }: Move,
    migration: Migration,
    way: Direction,
  ) {
    const { [way]: step } = migration;
    const { kind, sql = '' } = step ?? {};
    const name = `${migration.name}.${way}`;
    rules.signal.throwIfAborted();
    await waitForBrakes(name, rules);
    const began = performance.now();
    if (kind === 'concurrent') await runConcurrently(client, sql);
    if (kind === 'backfill')
      await runBackfill({ name, sql, batchMs, rules });
    const limits = kind === 'validate' ? { timeLimitMs: DAY_MS } : {};
    await giveWay({ ...rules, ...limits }, async (tx) => {
      await record(tx, migration, way);
      if (kind === 'transaction' || kind === 'validate')
        await tx.query(sql);
    });
    const ms = Math.round(performance.now() - began);
    log.info('migrated', { name, ms });
  }

  return { moveTo };
}

/** For the session that holds the lock: idle for hours, or building an index. */
const UNLIMITED = `
  set lock_timeout = 0;
  set statement_timeout = 0;
  set idle_session_timeout = 0;
  set client_connection_check_interval = 1000`;

/** One statement after the other, outside a transaction: each ends with `;` at the end of a line. */
async function runConcurrently(client: PoolClient, sql: string) {
  for (const statement of sql.split(/;$/m))
    await client.query(statement);
}

/** A second mover, were there one, fails here before it changes anything. */
async function record(
  tx: Queryable,
  { name, checksum }: Migration,
  way: Direction,
) {
  await tx.query('delete from backfills where name = $1', [
    `${name}.${way}`,
  ]);
  const { rowCount } =
    way === 'up'
      ? await tx.query(
          'insert into migrations (name, checksum) values ($1, $2)',
          [name, checksum],
        )
      : await tx.query('delete from migrations where name = $1', [
          name,
        ]);
  if (rowCount !== 1)
    throw new MigrationError('out_of_order', `${name} is not applied`);
}
