import type { Pool } from 'pg';

/** Deletes a batch of each table of what came before; call it until it returns 0. */
export function deleteReceivedBefore(
  pool: Pool,
  before: Date,
  limit = 5000,
): Promise<number> {
  return deleteBatches(pool, [before, limit], {
    readings: 'received_at < $1',
    dead_letters: 'received_at < $1',
  });
}

/** Deletes a batch of all that is known of a device; call it until it returns 0, and again after a minute. */
export function eraseDevice(
  pool: Pool,
  id: string,
  limit = 5000,
): Promise<number> {
  return deleteBatches(pool, [id, limit], {
    devices: 'id = $1',
    readings: 'device_id = $1',
    latest_readings: 'device_id = $1',
    dead_letters: `client_id = $1
      or topic = 'devices/' || $1 || '/readings'`,
  });
}

async function deleteBatches(
  pool: Pool,
  values: [Date | string, number],
  conditions: Record<string, string>,
): Promise<number> {
  let deleted = 0;
  for (const [table, condition] of Object.entries(conditions)) {
    const { rowCount } = await pool.query(
      `delete from ${table}
       where ctid = any (array(
         select ctid
         from ${table}
         where ${condition}
         limit $2
       ))`,
      values,
    );
    deleted += Number(rowCount);
  }
  return deleted;
}
