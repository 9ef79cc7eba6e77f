import type { Pool } from 'pg';
import { createNaiveReadings } from './naive.ts';
import type { Reading } from './readings.ts';

const DAY = {
  sensor: 'roof',
  from: new Date('2026-06-01T00:00:00Z'),
  to: new Date('2026-06-02T00:00:00Z'),
};
const HOUR = 3_600_000;

/** Opens the naive storage on a database. */
export async function openNaive(pool: Pool) {
  const naive = createNaiveReadings({ pool });
  await naive.createTable();

  /** The mean of a day in which `value` was measured so often from an hour on. */
  async function measure(hour: number, count: number, value: number) {
    const readings = Array.from({ length: count }, (_, n) =>
      toReading(hour * HOUR + n * 1000, value),
    );
    await naive.append(readings);
    return readings;
  }

  async function meanOfDay() {
    const [day] = await naive.history('day', DAY);
    return day?.mean;
  }

  async function meanOfHours() {
    const hours = await naive.history('hour', DAY);
    return (
      hours.reduce((sum, { mean }) => sum + mean, 0) / hours.length
    );
  }

  return { ...naive, measure, meanOfDay, meanOfHours };
}

/** Rows that a chart of a year with 12 points reads, one reading an hour. */
export async function countRowsRead(pool: Pool): Promise<number> {
  await pool.query(
    `insert into naive_readings
     select 'cellar', at, 1 from generate_series(
       '2026-01-01Z'::timestamptz, '2026-12-31 23:59Z', '1 hour') as at`,
  );
  const { rows } = await pool.query(
    `explain (analyze, format json)
     select date_trunc('month', at, 'UTC'), avg(value)
     from naive_readings
     where sensor = 'cellar' group by 1`,
  );
  const plan = JSON.stringify(rows[0]['QUERY PLAN']);
  const read = plan.matchAll(/"Actual Rows": ?([\d.]+)/g);
  return Math.max(...[...read].map(([, rows]) => Number(rows)));
}

/** How large the table is before and after nearly all of it is deleted. */
export async function forgetNearlyAll(pool: Pool) {
  const naive = createNaiveReadings({ pool });
  const before = await sizeOf(pool);
  await naive.forget(new Date('2026-12-31T00:00:00Z'));
  return { before, after: await sizeOf(pool) };
}

async function sizeOf(pool: Pool): Promise<number> {
  const { rows } = await pool.query(
    `select pg_relation_size('naive_readings')::int as size`,
  );
  return rows[0].size;
}

function toReading(offset: number, value: number): Reading {
  return {
    sensor: DAY.sensor,
    at: new Date(DAY.from.getTime() + offset),
    value,
  };
}
