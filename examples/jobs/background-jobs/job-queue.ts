import type { Pool } from 'pg';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import type { Job, NewJob, Outcome } from './job.ts';
import { LeaseLostError } from './job-outcomes.ts';

/** What workers and enqueuers share. */
export type JobQueue = ReturnType<typeof createJobQueue>;

/** Jobs in the database of the data they are about; every time is the database's. */
export function createJobQueue({ pool }: { pool: Pool }) {
  // #region enqueue
  /** Takes part in the transaction of `tx`; the pool is for none. */
  async function enqueue(tx: Queryable, jobs: NewJob[]) {
    // An update locks the job that waits already: it cannot begin
    // before this transaction, whose change it is about, commits.
    const { rows } = await tx.query<{ ids: string[] | null }>(
      `with added as (
         insert into jobs (kind, payload, unique_key, priority,
                           due_at, max_attempts)
         select kind, payload, "uniqueKey", coalesce(priority, 5),
                now() + coalesce("delaySeconds", 0) * interval '1 s',
                coalesce("maxAttempts", 5)
         from jsonb_to_recordset($1) as job (
           kind text, payload jsonb, "uniqueKey" text, priority int,
           "delaySeconds" float8, "maxAttempts" int
         )
         on conflict (unique_key) where attempts = 0 do update
         set payload = excluded.payload,
             priority = least(jobs.priority, excluded.priority),
             due_at = least(jobs.due_at, excluded.due_at)
         returning id
       )
       select array_agg(id) as ids, pg_notify('jobs', '') from added`,
      [JSON.stringify(jobs)],
    );
    return rows[0]?.ids ?? [];
  }
  // #endregion enqueue

  // #region claim-jobs
  async function claim(
    kinds: string[],
    limit: number,
    leaseSeconds: number,
  ): Promise<Job[]> {
    // A lease is a delay: when nobody extends it, the job is due.
    // `coalesce`: a planner without statistics thinks that no kind
    // fits, and sorts the table: 19 ms a claim, not 2.
    const { rows } = await pool.query<Job>(
      `update jobs
       set attempts = attempts + 1,
           due_at = now() + make_interval(secs => $3)
       where id = any (array(
         select id from jobs
         where due_at <= now() and coalesce(kind = any ($1), false)
         order by priority, due_at
         limit $2
         for update skip locked
       ))
       returning id, kind, payload, attempts as attempt,
                 max_attempts as "maxAttempts"`,
      [kinds, limit, leaseSeconds],
    );
    return rows;
  }
  // #endregion claim-jobs

  /** Returns the ids that are still ours. */
  async function extend(jobs: Job[], leaseSeconds: number) {
    const { rows } = await pool.query<{ id: string }>(
      `update jobs
       set due_at = now() + make_interval(secs => $3)
       from unnest($1::bigint[], $2::int[]) as held (id, attempt)
       where jobs.id = held.id and jobs.attempts = held.attempt
       returning jobs.id`,
      [
        jobs.map(({ id }) => id),
        jobs.map(({ attempt }) => attempt),
        leaseSeconds,
      ],
    );
    return new Set(rows.map(({ id }) => id));
  }

  // #region settle-in-batches
  /** Returns the ids that were still ours: the others count for nothing. */
  async function settle(outcomes: Outcome[]) {
    const { rows } = await pool.query<{ id: string }>(
      `with settled as (
         select * from jsonb_to_recordset($1) as outcome (
           id bigint, attempt int, error text,
           "retrySeconds" float8, spared boolean
         )
       ), gone as (
         delete from jobs using settled
         where jobs.id = settled.id
           and jobs.attempts = settled.attempt
           and settled."retrySeconds" is null
         returning jobs.*, settled.error
       ), buried as (
         insert into dead_jobs
         select id, kind, payload, unique_key, priority, due_at,
                attempts, max_attempts, error, created_at
         from gone
         where error is not null
       ), delayed as (
         update jobs
         set due_at = now() + make_interval(secs => "retrySeconds"),
             max_attempts = max_attempts + coalesce(spared, false)::int,
             last_error = error
         from settled
         where jobs.id = settled.id
           and jobs.attempts = settled.attempt
           and "retrySeconds" is not null
         returning jobs.id
       )
       select id from gone union all select id from delayed`,
      [JSON.stringify(outcomes)],
    );
    return new Set(rows.map(({ id }) => id));
  }
  // #endregion settle-in-batches

  /** Ends the job in the handler's transaction: call it last, it locks. */
  async function complete(tx: Queryable, job: Job) {
    const { rowCount } = await tx.query(
      `delete from jobs where id = $1 and attempts = $2`,
      [job.id, job.attempt],
    );
    if (rowCount !== 1) throw new LeaseLostError();
    job.completed = true;
  }

  return { enqueue, claim, extend, settle, complete };
}
