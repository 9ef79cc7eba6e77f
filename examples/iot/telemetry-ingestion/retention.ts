import type { Pool } from 'pg';

/** Deletes a batch of each table of what came before; call it until it returns 0. */
export async function deleteReceivedBefore(
  pool: Pool,
  before: Date,
  limit = 5000,
): Promise<number> {
  let deleted = 0;
  for (const table of ['readings', 'dead_letters']) {
    const { rowCount } = await pool.query(
      `delete from ${table}
       where ctid = any (array(
         select ctid
         from ${table}
         where received_at < $1
         order by received_at
         limit $2
       ))`,
      [before, limit],
    );
    deleted += rowCount ?? 0;
  }
  return deleted;
}

/** Deletes a batch of all that is known of a device; call it until it returns 0, and again after a minute. */
export async function eraseDevice(
  pool: Pool,
  id: string,
  limit = 5000,
): Promise<number> {
  const { rowCount } = await pool.query(
    `with device as (
       delete from devices where id = $1
     ), latest as (
       delete from latest_readings where device_id = $1
     ), letters as (
       delete from dead_letters
       where client_id = $1 or topic = 'devices/' || $1 || '/readings'
     )
     delete from readings
     where ctid = any (array(
       select ctid
       from readings
       where device_id = $1
       limit $2
     ))`,
    [id, limit],
  );
  return rowCount ?? 0;
}
