import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { LEVELS, type Level } from './levels.ts';

type Mark = { sensor_id: number; minute: Date };

/** What roll-ups need. */
export type RollUpsOptions = {
  pool: Pool;
  clock: () => Date;
  /** How many marks one run takes. Default: 10,000. */
  limit?: number;
};

const LOCK = `hashtext('time-series-storage'), hashtext('roll-ups')`;
// After days offline, a run takes longer than a request.
const RUN_MS = 300_000;

/** Computes minutes from readings, and quarters of an hour from minutes. */
export function createRollUps(options: RollUpsOptions) {
  const { pool, clock, limit = 10_000 } = options;

  // #region run-once
  /** Returns how many marks it took; a run that dies changes nothing. */
  async function runOnce(signal?: AbortSignal): Promise<number> {
    const limits = { timeLimitMs: RUN_MS, signal };
    return inTransaction(pool, limits, async (tx) => {
      // A second run could overwrite a minute with an older state.
      const { rows } = await tx.query(
        `select pg_try_advisory_xact_lock(${LOCK}) as mine`,
      );
      if (!rows[0]?.mine) return 0;
      const marks = await takeMarks(tx);
      const [readings, minutes, quarters] = LEVELS;
      await rollUp(tx, readings, minutes, marks);
      await rollUp(tx, minutes, quarters, marks);
      return marks.length;
    });
  }

  // A minute waits until it is over. Written in each run, a row would
  // have a version for each one while a long reader prevents vacuum.
  async function takeMarks(tx: Queryable): Promise<Mark[]> {
    const { rows } = await tx.query<Mark>(
      `delete from marks
       where ctid = any (array(
         select ctid from marks where minute <= $2 limit $1))
       returning sensor_id, minute`,
      [limit, new Date(clock().getTime() - MINUTE)],
    );
    return rows;
  }
  // #endregion run-once

  /** Runs until fewer marks are left than one run takes. */
  async function runAll(signal?: AbortSignal): Promise<void> {
    while ((await runOnce(signal)) === limit);
  }

  // #region erase
  /** Deletes readings and roll-ups of a sensor, in whole quarters of an hour. */
  async function erase(sensorId: number, from: Date, to: Date) {
    const limits = { timeLimitMs: RUN_MS, lockTimeoutMs: 60_000 };
    const start = Math.floor(from.getTime() / QUARTER) * QUARTER;
    const end = Math.ceil(to.getTime() / QUARTER) * QUARTER;
    const values = [sensorId, new Date(start), new Date(end)];
    await inTransaction(pool, limits, async (tx) => {
      // A run that has read the readings would write them back.
      await tx.query(`select pg_advisory_xact_lock(${LOCK})`);
      for (const { table } of LEVELS)
        await tx.query(
          `delete from ${table}
           where sensor_id = $1 and at >= $2 and at < $3`,
          values,
        );
      await tx.query(
        `delete from marks
         where sensor_id = $1 and minute >= $2 and minute < $3`,
        values,
      );
    });
  }
  // #endregion erase

  return { runOnce, runAll, erase };
}

/** The roll-ups of one database. */
export type RollUps = ReturnType<typeof createRollUps>;

const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;

// #region roll-up
// Computed again from all rows, never added to. This snapshot is
// later than that of the marks: it misses no reading of theirs.
async function rollUp(
  tx: Queryable,
  finer: Level,
  level: Level,
  marks: Mark[],
) {
  await tx.query(
    `insert into ${level.table} (sensor_id, at, count, sum, min, max)
     select sensor, start, fresh.*
     from (
         select distinct sensor,
                date_bin($3::interval, minute, 'epoch') as start
         from unnest($1::int[], $2::timestamptz[])
           as mark (sensor, minute)
       ) as marked,
       lateral (
         select coalesce(sum(count), 0), sum(sum), min(min), max(max)
         from ${finer.rows} as finer
         where sensor_id = sensor and at >= start
           and at < start + $3::interval
       ) as fresh
     on conflict (sensor_id, at) do update
     set count = excluded.count, sum = excluded.sum,
         min = excluded.min, max = excluded.max`,
    [
      marks.map((mark) => mark.sensor_id),
      marks.map((mark) => mark.minute),
      `${level.seconds} seconds`,
    ],
  );
}
// #endregion roll-up
