import type { Pool } from 'pg';

type Row = { id: string; payload: unknown };

/** The tempting way: a table with a status, and a loop that asks for it. */
export function createNaiveJobs({ pool }: { pool: Pool }) {
  async function createTable() {
    await pool.query(
      `create table if not exists naive_jobs (
         id bigint generated always as identity primary key,
         payload jsonb not null,
         status text not null default 'waiting'
       )`,
    );
  }

  async function enqueue(payloads: unknown[]) {
    await pool.query(
      `insert into naive_jobs (payload)
       select value from jsonb_array_elements($1)`,
      [JSON.stringify(payloads)],
    );
  }

  // #region naive-work
  async function workOnce(handle: (payload: unknown) => Promise<void>) {
    const { rows } = await pool.query<Row>(
      `select id, payload from naive_jobs
       where status = 'waiting' order by id limit 1`,
    );
    const job = rows[0];
    if (!job) return false;
    await setStatus(job.id, 'running');
    await handle(job.payload);
    await setStatus(job.id, 'done');
    return true;
  }
  // #endregion naive-work

  async function setStatus(id: string, status: string) {
    await pool.query(
      `update naive_jobs set status = $2 where id = $1`,
      [id, status],
    );
  }

  return { createTable, enqueue, workOnce };
}
