import { DatabaseError, type Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { DAY, LEVELS, type Level } from './levels.ts';

/** Receives what operators should know. */
export type Log = { warn: (message: string, details: object) => void };

/** What time partitions need. */
export type TimePartitionsOptions = {
  /** Retention needs a session: no pooler in transaction mode. */
  pool: Pool;
  clock: () => Date;
  log: Log;
  /** How long retention waits for readers before it gives up. Default: 5. */
  lockSeconds?: number;
};

type Old = {
  name: string;
  state: 'attached' | 'pending' | 'detached';
  isMarked: boolean;
};

const PREPARE = `hashtext('time-series-storage'), hashtext('prepare')`;
const RETENTION = `hashtext('time-series-storage'), hashtext('retention')`;
const AHEAD_DAYS = 3;
const RETENTION_MS = 600_000;

/** Creates partitions before they are needed, and drops those that are too old. */
export function createTimePartitions(options: TimePartitionsOptions) {
  const { pool, clock, log, lockSeconds = 5 } = options;
  const lockTimeoutMs = Math.ceil(lockSeconds * 1000);

  /** Creates what is missing in all levels at once, or nothing. */
  async function prepare(from: Date, to: Date, signal?: AbortSignal) {
    // A detach that was cut off holds the table until it is finalized.
    const limits = { lockTimeoutMs: lockTimeoutMs + 5000, signal };
    await inTransaction(pool, limits, async (tx) => {
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

  /** Returns the names of what it dropped; the rest waits for the next run. */
  async function dropOld(
    signal = new AbortController().signal,
  ): Promise<string[]> {
    const client = await pool.connect();
    // Without a listener, a connection that breaks ends the process.
    client.on('error', ignore);
    const cut = () => client.connection.stream.destroy();
    const timeLimit = AbortSignal.timeout(RETENTION_MS);
    const limit = AbortSignal.any([signal, timeLimit]);
    limit.addEventListener('abort', cut);
    try {
      limit.throwIfAborted();
      return await dropAll(client);
    } finally {
      // Now, not when Postgres notices that the connection is closed.
      await client
        .query('select pg_advisory_unlock_all()')
        .catch(ignore);
      limit.removeEventListener('abort', cut);
      client.release(true); // its lock_timeout goes with it
    }
  }

  async function dropAll(client: Queryable): Promise<string[]> {
    const dropped: string[] = [];
    const { rows } = await client.query(
      `select pg_try_advisory_lock(${RETENTION}) as mine,
              set_config('lock_timeout', $1, false)`,
      [`${lockTimeoutMs}`],
    );
    if (!rows[0]?.mine) return dropped;
    for (const level of LEVELS) {
      try {
        for (const old of await listOld(client, level)) {
          await drop(client, level, old);
          dropped.push(old.name);
        }
      } catch (error) {
        // The other levels can go on, unless the connection broke.
        if (!(error instanceof DatabaseError)) throw error;
        const { table } = level;
        log.warn('old partitions stay', { table, error });
      }
    }
    return dropped;
  }

  // #region list-old
  async function listOld(
    client: Queryable,
    { table, keepDays }: Level,
  ): Promise<Old[]> {
    const before = new Date(clock().getTime() - keepDays * DAY);
    // A table that somebody else detached is not ours to drop.
    const { rows } = await client.query<Old>(
      `select name,
              case when is_pending then 'pending' else 'attached' end
                as state,
              exists (
                select from marks where minute >= start and minute < stop
              ) as "isMarked"
       from time_partitions
       where level = $1::regclass and stop <= $2
         and (not is_pending or obj_description(id, 'pg_class') = $3)
       union all
       select objoid::regclass::text, 'detached', false
       from pg_description
       where classoid = 'pg_class'::regclass and objsubid = 0
         and description = $3
         and objoid not in (select id from time_partitions)
       order by state desc, name`,
      [table, before, toNote(table)],
    );
    // The roll-ups that are still to come need these readings.
    for (const { name, isMarked } of rows)
      if (isMarked)
        log.warn('partition is not rolled up yet', { name });
    return rows.filter(({ isMarked }) => !isMarked);
  }
  // #endregion list-old

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

// #region detach
// Concurrently: while it waits for a long reader, nobody waits for
// it. Postgres refuses this when there is a default partition.
async function drop(
  client: Queryable,
  { table }: Level,
  { name, state }: Old,
) {
  const detach = `alter table ${table} detach partition ${name}`;
  if (state === 'attached') {
    const note = toNote(table);
    await client.query(`comment on table ${name} is '${note}'`);
    await client.query(`${detach} concurrently`);
  }
  // An earlier run gave up waiting, or died.
  if (state === 'pending') await client.query(`${detach} finalize`);
  await client.query(`drop table ${name}`);
}

/** Retention notes on a table that it is going to drop it. */
const toNote = (table: string) => `past its time in ${table}`;
// #endregion detach

function ignore() {}

/** The partitions of all levels. */
export type TimePartitions = ReturnType<typeof createTimePartitions>;
