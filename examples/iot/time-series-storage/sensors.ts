import type { Pool } from 'pg';
import { DAY } from './levels.ts';

/** A sensor and its newest reading of the last day, if there is one. */
export type Sensor = {
  id: number;
  name: string;
  latest: { at: Date; value: number } | null;
};

type Row = { id: number; name: string; at: Date | null; value: number };

/** Keeps the names of sensors, and finds what each measured last. */
export function createSensors(options: {
  pool: Pool;
  clock: () => Date;
}) {
  const { pool, clock } = options;

  /** Registers a sensor; once more changes nothing. */
  async function register(name: string): Promise<void> {
    await pool.query(
      `insert into sensors (name)
       values ($1)
       on conflict (name) do nothing`,
      [name],
    );
  }

  /** Finds the sensors with these names, sorted by name. */
  async function find(names: string[]): Promise<Sensor[]> {
    // The bound leaves two or three partitions to look into.
    const { rows } = await pool.query<Row>(
      `select id, name, at, value
       from sensors
       left join lateral (
         select at, value
         from sensor_readings
         where sensor_id = id and at > $2
         order by at desc
         limit 1
       ) as latest on true
       where name = any ($1)
       order by name`,
      [names, new Date(clock().getTime() - DAY)],
    );
    return rows.map(({ id, name, at, value }) => ({
      id,
      name,
      latest: at && { at, value },
    }));
  }

  return { register, find };
}
