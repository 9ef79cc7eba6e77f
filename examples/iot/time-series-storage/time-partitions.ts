import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { DAY, LEVELS, type Level } from './levels.ts';

/** Receives what operators should know. */
export type Log = { warn: (message: string, details: object) => void };

type Old = { name: string; isMarked: boolean };

const PREPARE = `hashtext('time-series-storage'), hashtext('prepare')`;
const AHEAD_DAYS = 3;
/** Behind a lock that retention waits for, all queries of a table queue. */
const DROP_LOCK_MS = 1000;

/** Creates partitions before they are needed, and drops those that are too old. */
export function createTimePartitions(options: {
  pool: Pool;
  clock: () => Date;
  log: Log;
}) {
  const { pool, clock, log } = options;

  /** Creates what is missing in all levels at once, or nothing. */
  async function prepare(from: Date, to: Date, signal?: AbortSignal) {
    await inTransaction(pool, { signal }, async (tx) => {
      await tx.query(`select pg_advisory_xact_lock(${PREPARE})`);
      for (const level of LEVELS)
        for (const sql of await listMissing(tx, level, [from, to]))
          await tx.query(sql);
    });
  }

  /** Creates the partitions of the next three days. */
  async function prepareAhead(signal?: AbortSignal): Promise<void> {
    const now = clock();
    const ahead = new Date(now.getTime() + AHEAD_DAYS * DAY);
    await prepare(now, ahead, signal);
  }

  // #region drop-old
  /** Returns the names of what it dropped; the rest waits for the next run. */
  async function dropOld(signal?: AbortSignal): Promise<string[]> {
    const dropped: string[] = [];
    const limits = { lockTimeoutMs: DROP_LOCK_MS, signal };
    for (const level of LEVELS)
      try {
        for (const { name } of await listOld(level)) {
          await inTransaction(pool, limits, (tx) =>
            // Another process may have been faster.
            tx.query(`drop table if exists ${name}`),
          );
          dropped.push(name);
        }
      } catch (error) {
        signal?.throwIfAborted();
        const { table } = level;
        log.warn('old partitions stay', { table, error });
      }
    return dropped;
  }

  async function listOld({ table, keepDays }: Level): Promise<Old[]> {
    const before = new Date(clock().getTime() - keepDays * DAY);
    // What somebody is detaching, or has detached, is not ours.
    const { rows } = await pool.query<Old>(
      `select name, exists (
         select from marks where minute >= start and minute < stop
       ) as "isMarked"
       from time_partitions
       where level = $1::regclass and stop <= $2 and not is_pending
       order by name`,
      [table, before],
    );
    // The roll-ups that are still to come need these readings.
    for (const { name, isMarked } of rows)
      if (isMarked)
        log.warn('partition is not rolled up yet', { name });
    return rows.filter(({ isMarked }) => !isMarked);
  }
  // #endregion drop-old

  return { prepare, prepareAhead, dropOld };
}

// Attach lets readers and writers of the parent go on, while
// `create table … partition of` locks all of them out.
async function listMissing(
  tx: Queryable,
  { table, partition }: Level,
  span: [from: Date, to: Date],
) {
  const { rows } = await tx.query<{ sql: string }>(
    `select format(
       'create table %1$I (like %2$I including all);
        alter table %2$I attach partition %1$I
        for values from (%3$L) to (%4$L)',
       $1::text || to_char(day, '_YYYYMMDD'), $1::text,
       day at time zone 'UTC', (day + step) at time zone 'UTC') as sql
     from cast('1 ' || $2 as interval) as step,
       generate_series(
         date_trunc($2, $3::timestamptz at time zone 'UTC'),
         $4::timestamptz at time zone 'UTC', step) as day
     where not exists (
       select from time_partitions
       where level = $1::regclass
         and start <= day at time zone 'UTC'
         and stop > day at time zone 'UTC')`,
    [table, partition, ...span],
  );
  return rows.map(({ sql }) => sql);
}

/** The partitions of all levels. */
export type TimePartitions = ReturnType<typeof createTimePartitions>;
