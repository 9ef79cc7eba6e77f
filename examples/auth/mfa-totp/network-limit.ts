import { isIPv4 } from 'node:net';
import type { Pool } from 'pg';
import { SecondFactorError } from './second-factor-error.ts';

export type NetworkLimitOptions = {
  pool: Pick<Pool, 'query'>;
  /** How many wrong codes may come from one network in that time. */
  failures?: number;
  windowSeconds?: number;
};

/** Bounds what one network guesses on many accounts. */
export type NetworkLimit = ReturnType<typeof createNetworkLimit>;

/** Counts wrong codes by IPv4 address, or by /64 of IPv6. */
export function createNetworkLimit(options: NetworkLimitOptions) {
  const { pool, failures = 50, windowSeconds = 3600 } = options;
  if (!(failures >= 1)) throw new RangeError('failures is less than 1');
  if (!(windowSeconds >= 1))
    throw new RangeError('windowSeconds is less than 1');

  /** Before a code is judged, so that many at once count too. */
  async function spend(address: string): Promise<void> {
    const { rowCount } = await pool.query(
      `insert into totp_networks as known
       values (${NETWORK}, 1, now() + make_interval(secs => $2))
       on conflict (network) do update
       set failures = case when known.ends_at <= now() then 1
             else known.failures + 1 end,
           ends_at = case when known.ends_at <= now()
             then excluded.ends_at else known.ends_at end
       where known.ends_at <= now() or known.failures < $3`,
      [unmap(address), windowSeconds, failures],
    );
    if (rowCount === 0)
      throw new SecondFactorError('too_many_codes', {
        retryAfterSeconds: windowSeconds,
      });
  }

  /** A right code costs nothing. */
  async function refund(address: string): Promise<void> {
    await pool.query(
      `update totp_networks
       set failures = failures - 1
       where network = ${NETWORK} and failures > 0`,
      [unmap(address)],
    );
  }

  /** Deletes a batch of counts that are over; call it until it returns 0. */
  async function deleteExpired(limit = 1000): Promise<number> {
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

  return { spend, refund, deleteExpired };
}

const NETWORK = `network(set_masklen($1::inet,
  case family($1::inet) when 4 then 32 else 64 end))`;

/** `::ffff:192.0.2.1` is IPv4: as IPv6, all of IPv4 is one network. */
function unmap(address: string): string {
  const rest = address.replace(/^::ffff:/i, '');
  // Postgres knows no zones, as in `fe80::1%eth0`.
  return isIPv4(rest) ? rest : `${address.split('%')[0]}`;
}
