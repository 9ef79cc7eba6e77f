import type { Pool } from 'pg';
import type { Reading } from './readings.ts';

type Span = { sensor: string; from: Date; to: Date };

/** The tempting way: one table, grouped when it is read, deleted from when it is old. */
export function createNaiveReadings({ pool }: { pool: Pool }) {
  async function createTable() {
    await pool.query(
      `create table naive_readings (
         sensor text not null,
         at timestamptz not null,
         value float8
       );
       create index on naive_readings (sensor, at)`,
    );
  }

  async function append(readings: Reading[]) {
    await pool.query(
      `insert into naive_readings (sensor, at, value)
       select * from unnest($1::text[], $2::timestamptz[], $3::float8[])`,
      [
        readings.map(({ sensor }) => sensor),
        readings.map(({ at }) => at),
        readings.map(({ value }) => value),
      ],
    );
  }

  // #region naive
  async function history(step: string, { sensor, from, to }: Span) {
    const { rows } = await pool.query<{ at: Date; mean: number }>(
      `select date_trunc($1, at, 'UTC') as at, avg(value) as mean
       from naive_readings
       where sensor = $2 and at >= $3 and at < $4
       group by 1
       order by 1`,
      [step, sensor, from, to],
    );
    return rows;
  }

  async function forget(before: Date) {
    await pool.query('delete from naive_readings where at < $1', [
      before,
    ]);
  }
  // #endregion naive

  async function latest() {
    const { rows } = await pool.query<{ sensor: string }>(
      `select distinct on (sensor) sensor, at, value
       from naive_readings
       order by sensor, at desc`,
    );
    return rows;
  }

  return { createTable, append, history, forget, latest };
}
