import type { Queryable } from '../transactions-and-locking/queryable.ts';
import type { Rules } from './give-way.ts';
import { MigrationError } from './migration-files.ts';

/** Says why a migration has to wait, or nothing. */
export type Brake = () => Promise<string | undefined>;

// #region wait-for-brakes
/** Before each migration, and before each batch of a backfill. */
export async function waitForBrakes(
  name: string,
  { brakes, log, pause, signal }: Rules & { brakes: Brake[] },
): Promise<void> {
  for (const brake of brakes) {
    for (let why = await brake(); why; why = await brake()) {
      log.info('the migration waits', { name, why });
      await pause(500, signal);
    }
  }
}
// #endregion wait-for-brakes

type Lag = { name: string; isHidden: boolean; bytes: string };

/** Stops while a replica, or the slot of one that is gone, is behind by more bytes of log. */
export function createLagBrake(options: {
  db: Queryable;
  maxLagBytes: number;
}): Brake {
  const { db, maxLagBytes } = options;
  return async function findLag() {
    // Bytes: a time says nothing of a replica that has stopped. Null
    // is a slot that holds nothing back, or an archive of the log.
    const { rows } = await db.query<Lag>(
      `select coalesce(slot_name, application_name) as name,
              pid is not null and state is null as "isHidden",
              coalesce(pg_current_wal_insert_lsn() - case
                when pid is null then restart_lsn
                else replay_lsn
              end, 0) as bytes
       from pg_stat_replication
       full join pg_replication_slots on active_pid = pid
       where slot_type is distinct from 'logical'
       order by "isHidden" desc, bytes desc
       limit 1`,
    );
    const [worst] = rows;
    if (worst?.isHidden)
      throw new MigrationError(
        'lag_hidden',
        'This role cannot see how far the replicas are: grant it pg_monitor',
      );
    if (!worst || Number(worst.bytes) <= maxLagBytes) return;
    return `replica ${worst.name}: ${worst.bytes} bytes behind`;
  };
}
