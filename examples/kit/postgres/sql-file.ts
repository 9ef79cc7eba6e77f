import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { noteEvidence } from '../testing/evidence.ts';

/** Applies a SQL file, all of it or nothing, as the role of the connection. */
export async function applySqlFile(file: URL, client: pg.ClientBase): Promise<void> {
  // Statements that are sent together are one transaction.
  await client.query(readFileSync(file, 'utf8'));
  noteEvidence('applied', file);
}
