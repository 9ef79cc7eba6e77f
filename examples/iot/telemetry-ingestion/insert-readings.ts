import type { Pool } from 'pg';

/** A measured value: device, sequence and `measuredAt` are its name. */
export type Reading = {
  deviceId: string;
  sequence: number;
  /** What the clock of the device says. */
  measuredAt: Date;
  metric: string;
  value: number;
  /** What we believe. */
  at: Date;
  receivedAt: Date;
};

/** A reading, and the key that its connection has shown. */
export type SentReading = Reading & { keyId: string };

/** The places in the batch of what may be kept, and how many of them are new. */
export type Inserted = { allowed: number[]; stored: number };

// #region insert
/** One statement, one commit: all of the batch, each reading once. */
export async function insertReadings(pool: Pool, batch: SentReading[]) {
  // Sorted: two batches that share rows lock them in one order.
  const { rows } = await pool.query<Inserted>({
    name: 'insert-readings',
    text: `with batch as (
        select * from unnest($1::text[], $2::bigint[],
          $3::timestamptz[], $4::text[], $5::float8[],
          $6::timestamptz[], $7::timestamptz[], $8::uuid[])
        with ordinality as row (device_id, sequence, measured_at,
          metric, value, at, received_at, key_id, place)
      ), allowed as (
        select batch.* from batch
        join devices on devices.id = device_id
        join devices as sender on sender.key_id = batch.key_id
        where coalesce(devices.revoked_at, sender.revoked_at) is null
      ), stored as (
        insert into readings
        select device_id, sequence, measured_at, metric, value, at,
               received_at
        from allowed
        order by device_id, sequence, measured_at
        on conflict do nothing
        returning device_id, metric, sequence, at, value
      ), newest as (
        insert into latest_readings as latest
        select distinct on (device_id, metric) * from stored
        order by device_id, metric, at desc, sequence desc
        on conflict (device_id, metric) do update
        set (sequence, at, value)
          = (excluded.sequence, excluded.at, excluded.value)
        where (excluded.at, excluded.sequence)
          > (latest.at, latest.sequence)
      )
      select array(select place::int - 1 from allowed) as allowed,
             (select count(*)::int from stored) as stored`,
    values: toColumns(batch),
  });
  return rows[0] as Inserted;
}
// #endregion insert

/** An array for each parameter of the statement. */
function toColumns(batch: SentReading[]): unknown[][] {
  return [
    batch.map(({ deviceId }) => deviceId),
    batch.map(({ sequence }) => sequence),
    batch.map(({ measuredAt }) => measuredAt.toISOString()),
    batch.map(({ metric }) => metric),
    batch.map(({ value }) => value),
    batch.map(({ at }) => at.toISOString()),
    batch.map(({ receivedAt }) => receivedAt.toISOString()),
    batch.map(({ keyId }) => keyId),
  ];
}
