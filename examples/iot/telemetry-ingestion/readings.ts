import type { Pool } from 'pg';

/** The newest value that a device has of a metric. */
export type LatestReading = {
  deviceId: string;
  metric: string;
  sequence: string;
  at: Date;
  value: number;
};

/** A point of a chart. */
export type Point = { at: Date; value: number; clockIsOff: boolean };

/** A message that was set aside. */
export type DeadLetter = {
  clientId: string;
  topic: string;
  reason: string;
  receivedAt: Date;
};

/** What the app shows. */
export function createReadings({ pool }: { pool: Pool }) {
  async function listLatest(): Promise<LatestReading[]> {
    const { rows } = await pool.query<LatestReading>(
      `select device_id as "deviceId", metric, sequence, at, value
       from latest_readings
       order by device_id, metric
       limit 500`,
    );
    return rows;
  }

  /** The newest points, the oldest of them first. */
  async function listRecent(deviceId: string, metric: string) {
    const { rows } = await pool.query<Point>(
      `select at, value, at <> measured_at as "clockIsOff"
       from readings
       where device_id = $1 and metric = $2
       order by at desc, sequence desc
       limit 100`,
      [deviceId, metric],
    );
    return rows.toReversed();
  }

  /** The newest messages that were set aside, for a person to look at. */
  async function listDeadLetters() {
    const { rows } = await pool.query<DeadLetter>(
      `select client_id as "clientId", topic, reason,
              received_at as "receivedAt"
       from dead_letters
       order by id desc
       limit 100`,
    );
    return rows;
  }

  return { listLatest, listRecent, listDeadLetters };
}
