import type { ClientBase } from 'pg';
import type { Step } from './migration.ts';

/** Outside a transaction, and with no limit: it waits for old ones, and stops neither reads nor writes. */
export async function runConcurrently(
  client: ClientBase,
  { sql, index }: Step,
): Promise<void> {
  await client.query('set lock_timeout = 0; set statement_timeout = 0');
  if (index && (await isBuilt(client, index))) return;
  await client.query(sql);
}

// #region rebuild-index
/** Drops what a build that failed left behind: written to, never read. */
async function isBuilt(client: ClientBase, index: string) {
  const { rows } = await client.query<{ valid: boolean }>(
    `select indisvalid as valid
     from pg_index
     where indexrelid = to_regclass($1)`,
    [index],
  );
  if (rows[0]?.valid === false)
    await client.query(`drop index concurrently ${index}`);
  return rows[0]?.valid === true;
}
// #endregion rebuild-index
