import type { Pool } from 'pg';
import { DAY } from './levels.ts';
import { createNaiveReadings } from './naive.ts';
import type { Reading } from './readings.ts';
import { createStorage } from './storage.ts';

export const SENSORS = Array.from({ length: 40 }, (_, n) => `s${n}`);
export const DAYS = 30;
/** One reading of each sensor, so often. */
export const EVERY_SECONDS = 30;

/** One way to keep readings. */
export type BenchStore = {
  name: string;
  note?: string;
  /** Fills it with all readings of the days before `end`. */
  fill: (end: Date) => Promise<unknown>;
  /** 30 days in hours: the number of points. */
  history: (sensor: string, from: Date, to: Date) => Promise<number>;
  /** The newest value of all sensors: how many there are. */
  latest: () => Promise<number>;
  append: (readings: Reading[]) => Promise<unknown>;
  /** What has to follow the writes before charts are right. */
  settle?: () => Promise<unknown>;
  /** Forgets the day that begins then. */
  forget: (day: Date) => Promise<unknown>;
};

/** All of a sensor's readings, in the order in which they would come. */
const ALL = `from generate_series($1::timestamptz - interval '${DAYS} days',
      $1::timestamptz - interval '1 ms', '${EVERY_SECONDS} seconds') as at,
    generate_series(1, ${SENSORS.length}) as id`;
const VALUE = 'id + sin(extract(epoch from at) / 3600)';

/** This pattern; `end` is its clock. */
export async function openPattern(
  pool: Pool,
  end: Date,
): Promise<BenchStore> {
  let now = end;
  const log = { warn: console.error };
  const storage = createStorage({ pool, clock: () => now, log });
  for (const name of SENSORS) await storage.sensors.register(name);
  const start = new Date(end.getTime() - DAYS * DAY);
  await storage.partitions.prepare(
    start,
    new Date(end.getTime() + DAY),
  );

  async function fill() {
    await pool.query(
      `insert into sensor_readings select id, at, ${VALUE} ${ALL}`,
      [end],
    );
    await rollUpAll(pool, end);
    await pool.query('vacuum analyze');
  }

  async function history(sensor: string, from: Date, to: Date) {
    const [found] = await storage.sensors.find([sensor]);
    const { points } = await storage.readHistory({
      sensorId: found?.id ?? 0,
      from,
      to,
      zone: 'UTC',
      maxPoints: 1000,
    });
    return points.length;
  }

  async function forget(day: Date) {
    now = new Date(day.getTime() + 91 * DAY);
    const dropped = await storage.partitions.dropOld();
    now = end;
    if (dropped.length !== 1) throw new Error(`dropped: ${dropped}`);
  }

  return {
    name: 'this pattern',
    note: 'appends: with dedup and the roll-up that follows',
    fill,
    history,
    forget,
    latest: async () => (await storage.sensors.find(SENSORS)).length,
    append: storage.readings.append,
    settle: storage.rollUps.runAll,
  };
}

/** What the roll-ups would have made of it: of minutes, those that appends will touch. */
async function rollUpAll(pool: Pool, end: Date) {
  for (const [table, step, days] of [
    ['minutes', '1 minute', 1],
    ['quarters', '15 minutes', DAYS],
  ] as const)
    await pool.query(
      `insert into ${table} (sensor_id, at, count, sum, min, max)
       select sensor_id, date_bin('${step}', at, 'epoch') as start,
              count(*), sum(value), min(value), max(value)
       from sensor_readings
       where at >= $1
       group by 2, 1
       order by 2, 1`,
      [new Date(end.getTime() - days * DAY)],
    );
}

/** One table, with the index that its history needs, or with BRIN on the time. */
export async function openNaive(
  pool: Pool,
  index: 'btree' | 'brin',
): Promise<BenchStore> {
  const naive = createNaiveReadings({ pool });
  await naive.createTable();
  if (index === 'brin')
    await pool.query(
      `drop index naive_readings_sensor_at_idx;
       create index on naive_readings using brin (at)`,
    );
  return {
    name: `one table, ${index === 'brin' ? 'BRIN' : 'btree'}${index === 'btree' ? ' (naive)' : ''}`,
    note: 'keeps duplicates, and groups when it is read',
    async fill(end) {
      await pool.query(
        `insert into naive_readings
         select 's' || id - 1, at, ${VALUE} ${ALL}`,
        [end],
      );
      await pool.query('vacuum analyze naive_readings');
    },
    history: async (sensor, from, to) =>
      (await naive.history('hour', { sensor, from, to })).length,
    latest: async () =>
      index === 'brin'
        ? (await naive.latest()).length
        : await countLatest(pool),
    append: naive.append,
    forget: (day) => naive.forget(new Date(day.getTime() + DAY)),
  };
}

/** A look into the index for each sensor, with their names at hand. */
async function countLatest(pool: Pool) {
  const { rows } = await pool.query(
    `select newest.*
     from unnest($1::text[]) as name, lateral (
       select * from naive_readings
       where sensor = name
       order by at desc
       limit 1
     ) as newest`,
    [SENSORS],
  );
  return rows.length;
}
