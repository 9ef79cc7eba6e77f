import type { Pool } from 'pg';

/** A job that was given up, with the last thing that it said. */
export type DeadJob = {
  id: string;
  kind: string;
  attempts: number;
  lastError: string;
  diedAt: Date;
};

/** The dead letters: looked at by a person, and sent again once the cause is mended. */
export function createDeadJobs({ pool }: { pool: Pool }) {
  async function list(limit = 100): Promise<DeadJob[]> {
    const { rows } = await pool.query<DeadJob>(
      `select id, kind, attempts, last_error as "lastError",
              died_at as "diedAt"
       from dead_jobs
       order by died_at desc
       limit $1`,
      [limit],
    );
    return rows;
  }

  /** Makes it a new job, unless one with its key waits already. */
  async function revive(id: string): Promise<boolean> {
    const { rowCount } = await pool.query(
      `with risen as (
         delete from dead_jobs where id = $1 returning *
       ), added as (
         insert into jobs (kind, payload, unique_key, priority,
                           due_at, max_attempts)
         select kind, payload, unique_key, priority, now(), max_attempts
         from risen
         on conflict (unique_key) where attempts = 0 do nothing
       )
       select pg_notify('jobs', '') from risen`,
      [id],
    );
    return rowCount === 1;
  }

  return { list, revive };
}
