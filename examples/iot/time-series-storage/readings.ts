import { DatabaseError, type Pool } from 'pg';
import { AHEAD_SECONDS, DAY, LATE_DAYS } from './levels.ts';
import type { Log, TimePartitions } from './time-partitions.ts';

/** What a sensor measured, and when. */
export type Reading = { sensor: string; at: Date; value: number };

/** A reading that was not stored; sent again, it is refused again. */
export type Refusal = {
  /** Its place in the batch. */
  index: number;
  code:
    | 'invalid_value'
    | 'reading_too_old'
    | 'reading_in_future'
    | 'unknown_sensor';
};

/** How many readings were new, how many were stored before, and what was refused. */
export type Appended = {
  added: number;
  repeated: number;
  refused: Refusal[];
};

/** Stores readings, each once, and marks what must be rolled up. */
export function createReadings(options: {
  pool: Pool;
  partitions: Pick<TimePartitions, 'prepare'>;
  clock: () => Date;
  log: Log;
}) {
  const { pool, partitions, clock, log } = options;

  // #region append
  /** Stores what can be stored; sent again, a batch adds nothing. */
  async function append(readings: Reading[]): Promise<Appended> {
    const now = clock().getTime();
    const judged = readings.map((reading) => judge(reading, now));
    const accepted = readings.filter((_, index) => !judged[index]);
    const stored = await store(accepted);
    const unknown = new Set(stored?.unknown);
    const refused = readings.flatMap(({ sensor }, index): Refusal[] => {
      const code =
        judged[index] ?? (unknown.has(sensor) && 'unknown_sensor');
      return code ? [{ index, code }] : [];
    });
    const added = stored?.added ?? 0;
    const repeated = readings.length - refused.length - added;
    return { added, repeated, refused };
  }

  /** One bad clock must not hold up the other sensors of a gateway. */
  function judge({ sensor, at, value }: Reading, now: number) {
    const age = now - at.getTime();
    if (!(Math.abs(value) < 1e15)) return 'invalid_value';
    if (age < -AHEAD_SECONDS * 1000) return 'reading_in_future';
    // Also when the date is not valid.
    if (!(age <= LATE_DAYS * DAY)) return 'reading_too_old';
    // Postgres refuses a text with NUL, and the whole batch with it.
    return sensor.includes('\0') ? 'unknown_sensor' : undefined;
  }

  async function store(readings: Reading[]) {
    try {
      return await insert(readings);
    } catch (error) {
      if (!isMissingPartition(error)) throw error;
      const times = readings.map(({ at }) => at.getTime());
      const from = new Date(Math.min(...times));
      const to = new Date(Math.max(...times));
      log.warn('partition was missing', { from, to });
      await partitions.prepare(from, to);
      return insert(readings);
    }
  }
  // #endregion append

  // #region insert
  // A reading and its mark are one statement: they commit together.
  // Sorted by key, so that two batches cannot wait for each other.
  async function insert(readings: Reading[]) {
    const { rows } = await pool.query<Stored>(
      `with given as (
         select sensors.id as sensor_id, sensor, at, value
         from unnest($1::text[], $2::timestamptz[], $3::float8[])
           as reading (sensor, at, value)
         left join sensors on sensors.name = sensor
       ), added as (
         insert into sensor_readings (sensor_id, at, value)
         select sensor_id, at, value from given
         where sensor_id is not null
         order by sensor_id, at
         on conflict do nothing
         returning sensor_id, at
       ), marked as (
         insert into marks (sensor_id, minute)
         select distinct sensor_id, date_bin('1 minute', at, 'epoch')
         from added
       )
       select (select count(*)::int from added) as added,
              array(select sensor from given
                where sensor_id is null) as unknown`,
      [
        readings.map(({ sensor }) => sensor),
        readings.map(({ at }) => at),
        readings.map(({ value }) => value),
      ],
    );
    return rows[0];
  }
  // #endregion insert

  return { append };
}

type Stored = { added: number; unknown: string[] };

/** It has the SQLSTATE of a failed check, but names no constraint. */
function isMissingPartition(error: unknown): boolean {
  return (
    error instanceof DatabaseError &&
    error.code === '23514' &&
    !error.constraint
  );
}
