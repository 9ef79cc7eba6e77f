import type { Pool, QueryResultRow } from 'pg';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { CutOffError } from '../worker-loop/cut-off-error.ts';
import { requireNumbers } from '../worker-loop/start-worker.ts';
import type { Job, NewJob, Outcome } from './job.ts';

type QueueOptions = {
  pool: Pool;
  /** How long a worker waits for Postgres. Default: 5. */
  answerSeconds?: number;
};

/** What workers and enqueuers share. */
export type JobQueue = ReturnType<typeof createJobQueue>;

/** Jobs in the database of the data they are about; every time is the database's. */
export function createJobQueue(options: QueueOptions) {
  const { pool, answerSeconds = 5 } = options;
  requireNumbers({ answerSeconds });

  /** A connection whose server is gone does not hold up a worker. */
  function ask<Row extends QueryResultRow>(
    text: string,
    values: unknown[],
  ) {
    const query_timeout = answerSeconds * 1000;
    const statement = { text, values, query_timeout };
    return pool.query<Row>(statement);
  }

  // #region enqueue
  /** Takes part in the transaction of `tx`; the pool is for none. */
  async function enqueue(tx: Queryable, jobs: NewJob[]) {
    // An update locks the job that waits already: it cannot begin
    // before this transaction, whose change it is about, commits.
    // All lock in one order, so that two calls cannot deadlock.
    const { rows } = await tx.query<{ ids: string[] | null }>(
      `with added as (
         insert into jobs
           (kind, payload, unique_key, due_at, max_attempts)
         select kind, coalesce(payload, 'null'), "uniqueKey",
                now() + coalesce("delaySeconds", 0) * interval '1 s',
                coalesce("maxAttempts", 20)
         from jsonb_to_recordset($1) as job (
           kind text, payload jsonb, "uniqueKey" text,
           "delaySeconds" float8, "maxAttempts" int
         )
         order by kind, "uniqueKey"
         on conflict (kind, unique_key) where attempts = 0 do update
         set payload = excluded.payload,
             due_at = least(jobs.due_at, excluded.due_at)
         returning id
       )
       select array_agg(id) as ids, pg_notify('jobs', '') from added`,
      [toJson(jobs)],
    );
    return rows[0]?.ids ?? [];
  }
  // #endregion enqueue

  // #region claim-jobs
  /** Takes due jobs of the first kind, then of the next. */
  async function claim(
    kinds: string[],
    limit: number,
    leaseSeconds: number,
  ): Promise<Job[]> {
    // A lease is a delay: when its worker dies, the job is due.
    const { rows } = await ask<Job>(
      `update jobs
       set attempts = attempts + 1,
           due_at = now() + make_interval(secs => $3)
       where id = any (array(
         select next.id
         from unnest($1::text[]) as wanted (kind)
         cross join lateral (
           select id from jobs
           where jobs.kind = wanted.kind and due_at <= now()
           order by due_at
           limit $2
           for update skip locked
         ) as next
         limit $2
       ))
       returning id, kind, payload, attempts as attempt,
                 max_attempts as "maxAttempts"`,
      [kinds, limit, leaseSeconds],
    );
    return rows;
  }
  // #endregion claim-jobs

  /** Returns the ids that were still ours: the others count for nothing. */
  async function settle(outcomes: Outcome[]) {
    const { rows } = await ask<{ id: string }>(
      `with settled as (
         select * from jsonb_to_recordset($1) as outcome (
           id bigint, attempt int, error text,
           "retrySeconds" float8, spared boolean
         )
       ), gone as (
         delete from jobs using settled
         where jobs.id = settled.id and attempts = attempt
           and "retrySeconds" is null
         returning jobs.*, error
       ), buried as (
         insert into dead_jobs (id, kind, payload, unique_key,
           attempts, max_attempts, last_error, created_at)
         select id, kind, payload, unique_key,
           attempts, max_attempts, error, created_at
         from gone
         where error is not null
       ), delayed as (
         update jobs
         set due_at = now() + make_interval(secs => "retrySeconds"),
             max_attempts = max_attempts + coalesce(spared, false)::int,
             last_error = error
         from settled
         where jobs.id = settled.id and attempts = attempt
           and "retrySeconds" is not null
         returning jobs.id
       )
       select id from gone union all select id from delayed`,
      [JSON.stringify(outcomes)],
    );
    return new Set(rows.map(({ id }) => id));
  }

  // #region complete
  /** Ends the job in the transaction of its handler. */
  async function complete(tx: Queryable, job: Job) {
    const { rowCount } = await tx.query(
      `delete from jobs where id = $1 and attempts = $2`,
      [job.id, job.attempt],
    );
    if (rowCount !== 1) throw new CutOffError('lease_lost');
    job.completed = true;
  }
  // #endregion complete

  return { enqueue, claim, settle, complete };
}

/** What Postgres would refuse, and with it the transaction of the caller: NUL, half a character. */
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/;

/** Of several with one kind and key, the last. */
function toJson(jobs: NewJob[]): string {
  const last = new Map<unknown, string>();
  for (const job of jobs) {
    const { kind, uniqueKey } = job;
    const json = JSON.stringify(job);
    if (UNSTORABLE.test(json))
      throw new TypeError(
        `${kind}: a text has NUL or half a character`,
      );
    if (Buffer.byteLength(json) > 100_000)
      throw new RangeError(`${kind}: a job has at most 100,000 bytes`);
    const key = JSON.stringify([kind, uniqueKey]);
    last.set(uniqueKey == null ? Symbol() : key, json);
  }
  return `[${[...last.values()].join()}]`;
}
