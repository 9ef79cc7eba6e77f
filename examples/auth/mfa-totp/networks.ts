import { isIP } from 'node:net';
import type { Pool } from 'pg';

/** SQL: one IPv4 address, also as IPv6, or the /64 of a subscriber. */
export const NETWORK = `network(set_masklen($1::inet, case
  when family($1::inet) = 4 then 32
  when $1::inet <<= '::ffff:0:0/96' then 128
  else 64 end))`;

/** What is no address, as one with a port, shares one count. */
export function readAddress(text: string): string {
  // Postgres knows no zones, as in `fe80::1%eth0`.
  const [address = ''] = text.split('%');
  return isIP(address) ? address : '::';
}

/** Deletes a batch of counts that are over; call it until it returns 0. */
export async function deleteOldNetworks(
  pool: Pick<Pool, 'query'>,
  limit = 1000,
): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from totp_networks
     where network in (
       select network
       from totp_networks
       where ends_at <= now()
       limit $1
       for update skip locked
     )`,
    [limit],
  );
  return Number(rowCount);
}
