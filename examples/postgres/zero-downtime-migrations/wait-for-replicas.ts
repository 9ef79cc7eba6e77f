import type { Rules } from './give-way.ts';
import { MigrationError } from './migration-files.ts';

type Lag = { name: string; isHidden: boolean; bytes: string };

// #region wait-for-replicas
/** Before each migration and each batch: until no replica, and no slot of one that is gone, lacks more of the log. */
export async function waitForReplicas(step: string, rules: Rules) {
  const { pool, log, pause, maxLagBytes = 16_000_000, signal } = rules;
  for (;;) {
    const { rows } = await pool.query<Lag>(FIND_LAG, [maxLagBytes]);
    const [worst] = rows;
    if (!worst) return;
    const { name, isHidden, bytes } = worst;
    if (isHidden)
      throw new MigrationError(
        'lag_hidden',
        'This role cannot see how far the replicas are: grant it pg_monitor',
      );
    log.info('a replica is behind', { step, name, bytes });
    await pause(500, signal);
  }
}

// Bytes: a time says nothing of a replica that has stopped. Null is a
// slot that holds nothing back, or an archive of the log.
const FIND_LAG = `
  select name, "isHidden", bytes
  from (
    select coalesce(slot_name, application_name) as name,
           pid is not null and state is null as "isHidden",
           pg_current_wal_insert_lsn() - case
             when pid is null then restart_lsn
             else replay_lsn
           end as bytes
    from pg_stat_replication
    full join pg_replication_slots on active_pid = pid
    where slot_type is distinct from 'logical'
      and invalidation_reason is null
  ) as replica
  where "isHidden" or bytes > $1
  order by "isHidden" desc, bytes desc
  limit 1`;
// #endregion wait-for-replicas
