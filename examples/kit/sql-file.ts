import { channel } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';

/** Tells whoever records proof that a SQL file was applied to a real server. */
const applied = channel('touchstone:applied');

/** Applies a SQL file, all of it or nothing, as the role of the connection. */
export async function applySqlFile(url: URL, client: pg.ClientBase): Promise<void> {
  const file = fileURLToPath(url);
  // Statements that are sent together are one transaction.
  await client.query(readFileSync(file, 'utf8'));
  applied.publish({ file });
}
