import type { Pool } from 'pg';

/** Dead jobs: alert on them; a person decides whether they run again. */
export function createDeadJobs({ pool }: { pool: Pool }) {
  /** Makes it a new job; false when there is none, or a newer one with its kind and key waits. */
  async function revive(id: string): Promise<boolean> {
    const { rowCount } = await pool.query(
      `with added as (
         insert into jobs
           (kind, payload, unique_key, due_at, max_attempts)
         select kind, payload, unique_key, now(), max_attempts
         from dead_jobs
         where id = $1
         for update
         on conflict (kind, unique_key) where attempts = 0 do nothing
         returning pg_notify('jobs', '')
       )
       delete from dead_jobs
       where id = $1 and exists (select from added)`,
      [id],
    );
    return rowCount === 1;
  }

  /** Deletes the oldest of those that died so long ago; returns how many. */
  async function purge(days: number, limit = 1000): Promise<number> {
    const { rowCount } = await pool.query(
      `delete from dead_jobs
       where id = any (array(
         select id from dead_jobs
         where died_at < now() - make_interval(days => $1)
         order by died_at
         limit $2
         for update skip locked
       ))`,
      [days, limit],
    );
    return Number(rowCount);
  }

  return { revive, purge };
}
