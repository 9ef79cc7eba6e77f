import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { escapeIdentifier } from 'pg';
import type { Migration, Step } from './migration.ts';
import {
  isConcurrent,
  type Operation,
  readOperations,
} from './read-statements.ts';

const FILE = /^(\d{4}-[a-z0-9-]+)\.(up|down)(\.backfill)?\.sql$/;

/** Reads the migrations of a folder, in the order of their names. */
export async function readMigrations(
  folder: URL,
): Promise<Migration[]> {
  const migrations = new Map<string, Migration>();
  for (const file of readdirSync(folder).toSorted()) {
    const [, name = '', direction, backfill] = FILE.exec(file) ?? [];
    if (!name) throw new Error(`${file}: not NNNN-name.up.sql`);
    // A checkout on another system may have other line ends.
    const text = readFileSync(new URL(file, folder), 'utf8');
    const sql = text.replaceAll('\r\n', '\n');
    const step = await readStep(sql, Boolean(backfill));
    const steps = { ...migrations.get(name), [`${direction}`]: step };
    migrations.set(name, createMigration(name, steps));
  }
  return [...migrations.values()];
}

/** A migration of the given steps, with the checksum that its history keeps. */
export function createMigration(
  name: string,
  { up, down }: Pick<Migration, 'up' | 'down'>,
): Migration {
  const checksum = createHash('sha256')
    .update(JSON.stringify([up?.sql, down?.sql]))
    .digest('hex');
  return { name, checksum, ...(up && { up }), ...(down && { down }) };
}

/** How a file must be run is read from its statements; a backfill says that it is one. */
export async function readStep(
  sql: string,
  isBackfill = false,
): Promise<Step> {
  const operations = await readOperations(sql);
  const alone = operations.find(isConcurrent);
  const scans = operations.some(
    ({ kind }) => kind === 'AT_ValidateConstraint',
  );
  if (isBackfill) return { kind: 'backfill', sql, scans };
  if (!alone) return { kind: 'transaction', sql, scans };
  const index = readIndexName(alone);
  return { kind: 'concurrent', sql, scans, ...(index && { index }) };
}

function readIndexName({ node }: Operation): string | undefined {
  if (!('IndexStmt' in node)) return undefined;
  const { relation, idxname } = node.IndexStmt;
  // An index is in the schema of its table.
  return [relation?.schemaname, idxname]
    .filter((name) => name !== undefined)
    .map(escapeIdentifier)
    .join('.');
}
