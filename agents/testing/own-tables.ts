import type { Database } from '../../examples/kit/postgres/database.ts';
import { ROOT } from '../../scripts/files/root.ts';
import { splitStatements } from '../../scripts/pattern/sql-statements.ts';
import { readSourcePatterns } from '../generate/read-pattern.ts';

type Table = { name: string; sql: string };

const patterns = new Map(readSourcePatterns(ROOT).map((pattern) => [pattern.id, pattern]));

/** Makes the tables that a migration of the pattern refers to and the project has already, unless they are there. */
export async function makeOwnTables(
  pool: Database['pool'],
  id: string,
  migration: string,
): Promise<void> {
  for (const { name, sql } of listOwnTables(id, migration)) {
    const { rows } = await pool.query('select to_regclass($1) as found', [name]);
    if (rows[0]?.found === null) await pool.query(sql);
  }
}

/** As the example makes them. */
function listOwnTables(id: string, migration: string): Table[] {
  const { data, sources } = patterns.get(id) ?? {};
  const scripts = data?.files.filter((path) => path.endsWith('.sql')) ?? [];
  return scripts
    .flatMap((path) => splitStatements(sources?.get(path) ?? ''))
    .flatMap((sql) => {
      const name = /^(?:--.*\n)*create table (\w+)/m.exec(sql)?.[1];
      const isYours = name !== undefined && data?.yours.includes(name);
      return isYours && new RegExp(`\\b${name}\\b`).test(migration) ? [{ name, sql }] : [];
    });
}
