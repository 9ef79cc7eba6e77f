import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';

type Quarter = { sensorId: number; quarter: Date };

/** What roll-ups need. */
export type RollUpsOptions = {
  pool: Pool;
  /** How many marks one run takes. */
  limit?: number;
};

/** Computes minutes from readings, and quarters of an hour from minutes. */
export function createRollUps({
  pool,
  limit = 10_000,
}: RollUpsOptions) {
  // #region run-once
  /** Returns whether it found work; a run that dies changes nothing. */
  async function runOnce(): Promise<boolean> {
    // After days offline there is more to do than in a request.
    const limits = { timeLimitMs: 300_000 };
    return inTransaction(pool, limits, async (tx) => {
      // Two runs could write a minute in the other order than they
      // read it. The next statement sees what the last run left.
      const { rows } = await tx.query(
        `select pg_try_advisory_xact_lock(hashtext('roll-ups')) as mine`,
      );
      if (!rows[0]?.mine) return false;
      const quarters = await rollUpMinutes(tx);
      if (quarters.length > 0) await rollUpQuarters(tx, quarters);
      return quarters.length > 0;
    });
  }
  // #endregion run-once

  // #region roll-up-minutes
  // Computed anew from all readings of the minute, never added to.
  // Whatever commits later than this snapshot has a mark of its own.
  async function rollUpMinutes(tx: Queryable) {
    const { rows } = await tx.query<Quarter>(
      `with taken as (
         delete from marks
         where ctid = any (array(select ctid from marks limit $1))
         returning sensor_id, minute
       ), computed as (
         insert into minutes (sensor_id, at, count, sum, min, max)
         select sensor_id, minute, fresh.*
         from (select distinct sensor_id, minute from taken) as mark,
           lateral (
             select count(*), sum(value), min(value), max(value)
             from sensor_readings
             where sensor_id = mark.sensor_id and at >= minute
               and at < minute + interval '1 minute'
           ) as fresh
         on conflict (sensor_id, at) do update
         set count = excluded.count, sum = excluded.sum,
             min = excluded.min, max = excluded.max
         returning sensor_id, at
       )
       select distinct sensor_id as "sensorId",
              date_bin('15 minutes', at, 'epoch') as quarter
       from computed`,
      [limit],
    );
    return rows;
  }
  // #endregion roll-up-minutes

  async function rollUpQuarters(tx: Queryable, quarters: Quarter[]) {
    await tx.query(
      `insert into quarters (sensor_id, at, count, sum, min, max)
       select sensor, quarter, fresh.*
       from unnest($1::int[], $2::timestamptz[])
           as mark (sensor, quarter),
         lateral (
           select sum(count), sum(sum), min(min), max(max)
           from minutes
           where sensor_id = sensor and at >= quarter
             and at < quarter + interval '15 minutes'
         ) as fresh
       on conflict (sensor_id, at) do update
       set count = excluded.count, sum = excluded.sum,
           min = excluded.min, max = excluded.max`,
      [
        quarters.map(({ sensorId }) => sensorId),
        quarters.map(({ quarter }) => quarter),
      ],
    );
  }

  /** Runs until no mark is left. */
  async function runAll(): Promise<void> {
    while (await runOnce());
  }

  return { runOnce, runAll };
}
