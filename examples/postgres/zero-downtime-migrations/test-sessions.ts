import type { Pool } from 'pg';

/** A transaction that stays open until it is ended, at the latest with the test. */
export async function begin(pool: Pool, text: string) {
  const client = await pool.connect();
  let isOpen = true;
  await client.query(`begin; ${text}`);
  async function end() {
    if (!isOpen) return;
    isOpen = false;
    await client.query('rollback');
    client.release();
  }
  return { client, end, [Symbol.asyncDispose]: end };
}

/** A report that reads the table in a transaction, and takes its time. */
export function openReport(pool: Pool) {
  return begin(pool, 'select count(*) from users');
}

/** Sees the table as it is now for as long as it is open. */
export function beginOldSnapshot(pool: Pool) {
  const level = 'set transaction isolation level repeatable read';
  return begin(pool, `${level}; select from users`);
}

/** The answer of a query that has one row and one column. */
export async function ask<T>(pool: Pool, text: string): Promise<T> {
  const { rows } = await pool.query({ text, rowMode: 'array' });
  return rows[0]?.[0];
}
