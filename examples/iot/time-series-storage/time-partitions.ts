import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { DAY, LEVELS, type Level } from './levels.ts';

/** Where what operators should know goes. */
export type Log = { warn: (message: string, details: object) => void };

/** What time partitions need. */
export type TimePartitionsOptions = {
  pool: Pool;
  clock: () => Date;
  log: Log;
  /** How long retention waits for readers before it tries again later. */
  lockSeconds?: number;
};

type Old = { name: string; state: 'attached' | 'pending' | 'detached' };

/** Makes partitions before they are needed, and drops those that are past their time. */
export function createTimePartitions(options: TimePartitionsOptions) {
  const { pool, clock, log, lockSeconds = 5 } = options;
  // A detach that was cut off holds the table while it is finalized.
  const lockTimeoutMs = Math.ceil(lockSeconds * 1000) + 5000;
  const limits = { lockTimeoutMs, timeLimitMs: 2 * lockTimeoutMs };

  /** Makes what is missing in all levels at once, or nothing. */
  async function prepare(from: Date, to: Date): Promise<void> {
    await inTransaction(pool, limits, async (tx) => {
      await tx.query(
        `select pg_advisory_xact_lock(hashtext('time-partitions'))`,
      );
      for (const level of LEVELS)
        for (const sql of await listMissing(tx, level, from, to))
          await tx.query(sql);
    });
  }

  // Attach lets readers and writers of the parent go on, while
  // `create table … partition of` locks all of them out.
  async function listMissing(
    tx: Queryable,
    { table, partition }: Level,
    from: Date,
    to: Date,
  ) {
    const { rows } = await tx.query<{ sql: string }>(
      `select format(
         'create table %1$I (like %2$I including all);
          alter table %2$I attach partition %1$I
          for values from (%3$L) to (%4$L)',
         name, $1::text, start, date_add(start, step, 'UTC')) as sql
       from cast('1 ' || $2 as interval) as step,
         generate_series(date_trunc($2, $3::timestamptz, 'UTC'),
           $4::timestamptz, step, 'UTC') as start,
         concat($1::text, to_char(start at time zone 'UTC',
           '_YYYYMMDD')) as name
       where to_regclass(name) is null`,
      [table, partition, from, to],
    );
    return rows.map(({ sql }) => sql);
  }

  /** Makes the partitions that the next days will need. */
  async function prepareAhead(days = 3): Promise<void> {
    const now = clock();
    await prepare(now, new Date(now.getTime() + days * DAY));
  }

  /** Returns the names of what it dropped; the rest waits for the next run. */
  async function dropOld(): Promise<string[]> {
    const dropped: string[] = [];
    const client = await pool.connect();
    try {
      const { rows } = await client.query(
        `select pg_try_advisory_lock(hashtext('retention')) as mine`,
      );
      if (!rows[0].mine) return [];
      await client.query(`set lock_timeout = '${lockSeconds}s'`);
      for (const level of LEVELS)
        for (const old of await listOld(client, level)) {
          await drop(client, level, old);
          dropped.push(old.name);
        }
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      log.warn('old partitions are still in use', { error });
    } finally {
      // Now, not when Postgres sees that the connection is closed.
      const unlock = 'select pg_advisory_unlock_all()';
      await client.query(unlock).catch(() => {});
      client.release(true); // its lock_timeout goes with it
    }
    return dropped;
  }

  // #region detach
  // Concurrently: while it waits for a long reader, nobody waits for
  // it. Postgres refuses this when there is a default partition.
  async function drop(
    client: Queryable,
    { table }: Level,
    { name, state }: Old,
  ) {
    const detach = `alter table ${table} detach partition ${name}`;
    if (state === 'attached')
      await client.query(`${detach} concurrently`);
    // An earlier run gave up waiting, or died.
    if (state === 'pending') await client.query(`${detach} finalize`);
    await client.query(`drop table ${name}`);
  }
  // #endregion detach

  // #region list-old
  async function listOld(
    client: Queryable,
    { table, partition, keepDays }: Level,
  ): Promise<Old[]> {
    const before = new Date(clock().getTime() - keepDays * DAY);
    const { rows } = await client.query<Old & { marked: boolean }>(
      `select relname as name, case
           when inhrelid is null then 'detached'
           when inhdetachpending then 'pending'
           else 'attached'
         end as state, exists (
           select from marks where minute >= start and minute < stop
         ) as marked
       from pg_class
       left join pg_inherits on inhrelid = oid,
         substring(relname from '^' || $1 || '_(\\d{8})$') as date,
         timezone('UTC', to_date(date, 'YYYYMMDD')::timestamp) as start,
         date_add(start, cast('1 ' || $2 as interval), 'UTC') as stop
       where relkind = 'r'
         and relnamespace = current_schema::regnamespace
         and stop <= $3
       order by inhdetachpending desc, relname`,
      [table, partition, before],
    );
    const marked = rows.filter((row) => row.marked);
    // The readings are all that these roll-ups can be made of.
    for (const { name } of marked)
      log.warn('partition is not rolled up yet', { name });
    return rows.filter((row) => !row.marked);
  }
  // #endregion list-old

  return { prepare, prepareAhead, dropOld };
}

const isLockTimeout = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === '55P03';

/** The partitions of all levels. */
export type TimePartitions = ReturnType<typeof createTimePartitions>;
