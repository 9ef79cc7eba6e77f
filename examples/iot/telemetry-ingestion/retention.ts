import type { Pool } from 'pg';

/** Deletes a batch of what came before; call it until it returns 0. */
export async function deleteReceivedBefore(
  pool: Pool,
  before: Date,
  limit = 5000,
): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `with old_readings as (
       delete from readings
       where ctid = any (array(
         select ctid
         from readings
         where received_at < $1
         order by received_at
         limit $2
       ))
       returning 1
     ), old_letters as (
       delete from dead_letters
       where ctid = any (array(
         select ctid
         from dead_letters
         where received_at < $1
         order by received_at
         limit $2
       ))
       returning 1
     )
     select (select count(*) from old_readings)::int
       + (select count(*) from old_letters)::int as count`,
    [before, limit],
  );
  return rows[0]?.count ?? 0;
}

/** Deletes a batch of all that is known of a device; call it until it returns 0, and again after a minute. */
export async function eraseDevice(
  pool: Pool,
  id: string,
  limit = 5000,
): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `with device as (
       delete from devices where id = $1
     ), latest as (
       delete from latest_readings where device_id = $1
     ), letters as (
       delete from dead_letters
       where client_id = $1 or topic = 'devices/' || $1 || '/readings'
     ), erased as (
       delete from readings
       where ctid = any (array(
         select ctid
         from readings
         where device_id = $1
         limit $2
       ))
       returning 1
     )
     select count(*)::int from erased`,
    [id, limit],
  );
  return rows[0]?.count ?? 0;
}
