import type { Pool } from 'pg';
import { DAY, LEVELS } from './levels.ts';
import type { Log, TimePartitions } from './time-partitions.ts';

/** What a sensor measured, and when. */
export type Reading = { sensor: string; at: Date; value: number };

/** How many readings were new; the others were here already. */
export type Appended = { added: number; repeated: number };

/** A batch that cannot be stored; nothing of it was. */
export class ReadingError extends Error {
  override readonly name = 'ReadingError';
  readonly status = 422;
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What readings need. */
export type ReadingsOptions = {
  pool: Pool;
  partitions: Pick<TimePartitions, 'prepare'>;
  clock: () => Date;
  log: Log;
  /** How late a reading may come: well within the time that readings are kept. */
  lateDays?: number;
  /** How far a sensor's clock may be ahead. */
  aheadSeconds?: number;
};

/** Stores readings, each once, and remembers what has to be rolled up. */
export function createReadings(options: ReadingsOptions) {
  const { pool, partitions, clock, log } = options;
  const { lateDays = 30, aheadSeconds = 300 } = options;
  // What comes after its day was dropped would end up alone in its minute.
  const [{ keepDays }] = LEVELS;
  if (lateDays >= keepDays)
    throw new RangeError(`lateDays must be less than ${keepDays}`);

  // #region append
  /** Stores all of a batch or nothing; sent again, it adds nothing. */
  async function append(readings: Reading[]): Promise<Appended> {
    const span = checkTimes(readings);
    try {
      return await insert(readings);
    } catch (error) {
      if (!isMissingPartition(error)) throw error;
      log.warn('partition was missing', span);
      await partitions.prepare(span.from, span.to);
      return await insert(readings);
    }
  }

  function checkTimes(readings: Reading[]) {
    const now = clock().getTime();
    const oldest = now - lateDays * DAY;
    const newest = now + aheadSeconds * 1000;
    for (const [index, { at }] of readings.entries()) {
      const told = `Reading ${index} is of ${at.toISOString()}`;
      if (at.getTime() < oldest)
        throw new ReadingError('reading_too_old', told);
      if (at.getTime() > newest)
        throw new ReadingError('reading_in_future', told);
    }
    const times = readings.map(({ at }) => at.getTime());
    const from = new Date(Math.min(...times));
    return { from, to: new Date(Math.max(...times)) };
  }
  // #endregion append

  // #region insert
  // A reading and its mark are one statement: they commit together.
  // In the order of keys, so that no two batches wait in a circle.
  async function insert(readings: Reading[]): Promise<Appended> {
    const { rows } = await pool.query<Inserted>(
      `with given as materialized (
         select sensors.id as sensor_id, sensor, at, value
         from unnest($1::text[], $2::timestamptz[], $3::float8[])
           as reading (sensor, at, value)
         left join sensors on sensors.name = sensor
       ), added as (
         insert into sensor_readings (sensor_id, at, value)
         select sensor_id, at, value from given
         where not exists (select from given where sensor_id is null)
         order by sensor_id, at
         on conflict do nothing
         returning sensor_id, at, value
       ), marked as (
         insert into marks (sensor_id, minute)
         select distinct sensor_id, date_bin('1 minute', at, 'epoch')
         from added
       ), newest as (
         insert into latest_values as latest (sensor_id, at, value)
         select distinct on (sensor_id) * from added
         order by sensor_id, at desc
         on conflict (sensor_id) do update
         set at = excluded.at, value = excluded.value
         where latest.at < excluded.at
       )
       select (select count(*)::int from added) as added,
              min(sensor) filter (where sensor_id is null) as unknown
       from given`,
      [
        readings.map(({ sensor }) => sensor),
        readings.map(({ at }) => at),
        readings.map(({ value }) => value),
      ],
    );
    return toAppended(rows[0], readings.length);
  }
  // #endregion insert

  return { append };
}

type Inserted = { added: number; unknown: string | null };

function toAppended(row: Inserted | undefined, given: number) {
  const { added, unknown } = row ?? { added: 0, unknown: null };
  if (unknown)
    throw new ReadingError('unknown_sensor', `No sensor ${unknown}`);
  return { added, repeated: given - added };
}

/** The same SQLSTATE as a check that fails, but of no constraint. */
function isMissingPartition(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === '23514' &&
    !('constraint' in error && error.constraint)
  );
}
