import { DatabaseError, type Pool } from 'pg';
import { DAY, LEVELS } from './levels.ts';
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

/** What readings need. */
export type ReadingsOptions = {
  pool: Pool;
  partitions: Pick<TimePartitions, 'prepare'>;
  clock: () => Date;
  log: Log;
  /** How late a reading may come: less than readings are kept. Default: 30. */
  lateDays?: number;
  /** How far a sensor's clock may be ahead. Default: 300. */
  aheadSeconds?: number;
};

/** Stores readings, each once, and marks what must be rolled up. */
export function createReadings(options: ReadingsOptions) {
  const { pool, partitions, clock, log } = options;
  const { lateDays = 30, aheadSeconds = 300 } = options;
  // Later, and the other readings of its minute may be dropped.
  const [{ keepDays }] = LEVELS;
  if (!(lateDays > 0 && lateDays < keepDays))
    throw new RangeError(`lateDays must be less than ${keepDays}`);

  // #region append
  /** Stores what can be stored; sent again, a batch adds nothing. */
  async function append(readings: Reading[]): Promise<Appended> {
    const now = clock().getTime();
    const judged = readings.map((reading) => judge(reading, now));
    const accepted = readings.filter((_, index) => !judged[index]);
    const [stored = NOTHING] = await store(accepted);
    const { added, unknown } = stored;
    const refused = readings.flatMap(({ sensor }, index): Refusal[] => {
      const code =
        judged[index] ??
        (unknown.includes(sensor) ? 'unknown_sensor' : undefined);
      return code ? [{ index, code }] : [];
    });
    const repeated = readings.length - refused.length - added;
    return { added, repeated, refused };
  }

  /** One bad clock must not hold up the other sensors of a gateway. */
  function judge({ at, value }: Reading, now: number) {
    const age = now - at.getTime();
    if (!(Math.abs(value) < 1e15)) return 'invalid_value';
    if (age < -aheadSeconds * 1000) return 'reading_in_future';
    // Also when the date is not valid.
    if (!(age <= lateDays * DAY)) return 'reading_too_old';
    return undefined;
  }

  async function store(readings: Reading[]): Promise<Stored[]> {
    try {
      return await insert(readings);
    } catch (error) {
      if (!isMissingPartition(error)) throw error;
      const times = readings.map(({ at }) => at.getTime());
      const from = new Date(Math.min(...times));
      const to = new Date(Math.max(...times));
      log.warn('partition was missing', { from, to });
      await partitions.prepare(from, to);
      return await insert(readings);
    }
  }
  // #endregion append

  // #region insert
  // A reading and its mark are one statement: they commit together.
  // Sorted by key, so that two batches cannot wait for each other.
  async function insert(readings: Reading[]): Promise<Stored[]> {
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
    return rows;
  }
  // #endregion insert

  return { append };
}

type Stored = { added: number; unknown: string[] };
const NOTHING: Stored = { added: 0, unknown: [] };

/** It has the SQLSTATE of a failed check, but names no constraint. */
function isMissingPartition(error: unknown): boolean {
  return (
    error instanceof DatabaseError &&
    error.code === '23514' &&
    !error.constraint
  );
}
