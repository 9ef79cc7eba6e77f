import type { Pool } from 'pg';

/** A sensor and the newest of its readings, if it has any. */
export type Sensor = {
  name: string;
  latest: { at: Date; value: number } | null;
};

type Row = { id: number; name: string; at: Date | null; value: number };

/** Keeps the sensors that there are; what each said last is one row. */
export function createSensors({ pool }: { pool: Pool }) {
  /** Registers a sensor; once more changes nothing. */
  async function register(name: string): Promise<void> {
    await pool.query(
      `insert into sensors (name)
       values ($1)
       on conflict (name) do nothing`,
      [name],
    );
  }

  /** Reads one row, however many readings there are. */
  async function find(name: string) {
    const { rows } = await pool.query<Row>(
      `select id, name, at, value
       from sensors
       left join latest_values on sensor_id = id
       where name = $1`,
      [name],
    );
    return rows[0] && { id: rows[0].id, ...toSensor(rows[0]) };
  }

  /** The first thousand by name. */
  async function list(): Promise<Sensor[]> {
    const { rows } = await pool.query<Row>(
      `select id, name, at, value
       from sensors
       left join latest_values on sensor_id = id
       order by name
       limit 1000`,
    );
    return rows.map(toSensor);
  }

  return { register, find, list };
}

function toSensor({ name, at, value }: Row): Sensor {
  return { name, latest: at && { at, value } };
}
