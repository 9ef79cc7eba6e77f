import type { Pool } from 'pg';
import type { Brake } from './backfill.ts';

type LagOptions = {
  pool: Pool;
  /** How many bytes of log a replica may be behind. */
  maxLagBytes: number;
};

/** Stops while a replica, or a slot that one left behind, lags. */
export function createLagBrake({
  pool,
  maxLagBytes,
}: LagOptions): Brake {
  return async function findLag() {
    // Bytes: a time says nothing of a replica that stands still. One
    // that has not said yet how far it is counts as far behind.
    const { rows } = await pool.query<Lag>(
      `select coalesce(slot_name, application_name, 'unknown') as name,
              pg_current_wal_insert_lsn() - case
                when pid is null then restart_lsn
                else replay_lsn
              end as bytes
       from pg_stat_replication
       full join pg_replication_slots on active_pid = pid
       where slot_type is distinct from 'logical'
       order by bytes desc nulls first
       limit 1`,
    );
    const [worst] = rows;
    if (!worst) return;
    const { name, bytes } = worst;
    if (bytes === null) return `replica ${name}: lag unknown`;
    if (Number(bytes) <= maxLagBytes) return;
    return `replica ${name}: ${bytes} bytes behind`;
  };
}

type Lag = { name: string; bytes: string | null };

type LatencyOptions = {
  /** The 99th percentile of the last seconds, as the application measures it. */
  readP99Ms: () => number | Promise<number>;
  maxP99Ms: number;
};

/** Stops while live requests are slow, whatever the reason. */
export function createLatencyBrake(options: LatencyOptions): Brake {
  const { readP99Ms, maxP99Ms } = options;
  return async function findSlowness() {
    const p99 = await readP99Ms();
    if (p99 <= maxP99Ms) return;
    return `requests: 99th percentile of ${Math.round(p99)} ms`;
  };
}
