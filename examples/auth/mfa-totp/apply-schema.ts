import { applySqlFile } from '@touchstone/kit/postgres/sql-file';
import type { Pool } from 'pg';

/** The schema of sessions, with the users that both patterns refer to. */
export const SESSIONS = new URL(
  '../session-management/schema.sql',
  import.meta.url,
);

/** Adds the tables of second factors, unless they are there. */
export async function applySchema(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ is: string | null }>(
    `select to_regclass('totp_factors') as "is"`,
  );
  if (rows[0]?.is) return;
  const client = await pool.connect();
  try {
    await applySqlFile(new URL('schema.sql', import.meta.url), client);
  } finally {
    client.release();
  }
}
