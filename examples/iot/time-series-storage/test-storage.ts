import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createTestLog } from '@touchstone/kit/testing/log';
import { testClock } from '@touchstone/kit/time/clock';
import type { Pool } from 'pg';
import type { HistoryQuery } from './history.ts';
import { createStorage } from './storage.ts';

export const SCHEMA = new URL('schema.sql', import.meta.url);

/** What a row of `minutes` or `quarters` contains, without its sensor. */
export type RollUp = Record<'count' | 'sum' | 'min' | 'max', number> & {
  at: Date;
};

/** A storage in a database of its own, on 2026-06-15 at noon, with the sensor `roof`. */
export async function startTestStorage(start = '2026-06-15T12:00:00Z') {
  const database = await freshDatabase({ schema: SCHEMA });
  const { pool } = database;
  const clock = testClock(start);
  const log = createTestLog();
  const storage = createStorage({ pool, clock, log });
  await storage.sensors.register('roof');
  await storage.partitions.prepareAhead();

  /** Readings of `roof`, by their times. */
  function append(values: Record<string, number>) {
    const readings = Object.entries(values).map(([at, value]) => ({
      sensor: 'roof',
      at: new Date(at),
      value,
    }));
    return storage.readings.append(readings);
  }

  function read(query: Partial<HistoryQuery> & Span) {
    return storage.readHistory({
      sensorId: 1,
      zone: 'UTC',
      maxPoints: 500,
      ...query,
    });
  }

  async function rollUpsOf(table: string) {
    const { rows } = await pool.query<RollUp>(
      `select at, count, sum, min, max from ${table}
       order by sensor_id, at`,
    );
    return rows;
  }

  return {
    ...storage,
    ...database,
    clock,
    log,
    append,
    read,
    rollUpsOf,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

type Span = { from: Date; to: Date };

/** The names of a table's partitions. */
export async function listPartitions(pool: Pool, table: string) {
  const { rows } = await pool.query<{ name: string }>(
    `select relid::text as name from pg_partition_tree($1)
     where isleaf order by 1`,
    [table],
  );
  return rows.map(({ name }) => name);
}

/** The tables that a statement reads, by its plan. */
export async function listTablesOfPlan(
  pool: Pool,
  text: string,
  values: unknown[],
) {
  const { rows } = await pool.query<{ 'QUERY PLAN': object }>(
    `explain (format json) ${text}`,
    values,
  );
  const plan = JSON.stringify(rows[0]?.['QUERY PLAN']);
  const found = plan.matchAll(/"Relation Name":"([^"]+)"/g);
  const names = new Set([...found].map(([, name]) => `${name}`));
  return [...names].toSorted();
}

/** Quarters of `roof` as if it had said 1 each second. */
export async function fillQuarters(pool: Pool, from: Date, to: Date) {
  const years = to.getUTCFullYear() - from.getUTCFullYear() + 1;
  for (let n = 0; n < years; n++) {
    const year = from.getUTCFullYear() + n;
    await pool.query(
      `create table if not exists quarters_${year}0101
       partition of quarters
       for values from ('${year}-01-01Z') to ('${year + 1}-01-01Z')`,
    );
  }
  await pool.query(
    `insert into quarters (sensor_id, at, count, sum, min, max)
     select 1, at, 900, 900, 1, 1
     from generate_series(date_bin('15 minutes', $1, 'epoch'),
       $2::timestamptz - interval '1 us', '15 minutes') as at`,
    [from, to],
  );
}
