import { expect, it } from 'vitest';
import { openPool } from '../../examples/kit/postgres/database.ts';
import { startPostgres } from '../../examples/kit/postgres/server.ts';
import { ROOT } from '../../scripts/files/root.ts';
import { splitStatements } from '../../scripts/pattern/sql-statements.ts';
import { readSourcePatterns } from '../generate/read-pattern.ts';
import { buildTestLibrary, makeProject } from '../testing/test-library.ts';
import { planAdd } from './plan-add.ts';

it('the migrations of all patterns apply to one empty database, in the order of their names', async () => {
  using place = makeProject();
  using built = buildTestLibrary();
  const { library } = built;
  const ids = library.patterns.map(({ id }) => id);
  const { files } = planAdd(library, place.project, ids);
  const migrations = files
    .filter(({ role }) => role === 'migration')
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  await using server = await startPostgres();
  await using database = openPool(server.url);
  const failed: string[] = [];

  for (const { pattern, path, text } of migrations) {
    for (const statement of listYours(pattern, text)) await createIfMissing(statement);
    await database.pool.query(text).catch(({ message }) => failed.push(`${path}: ${message}`));
  }

  expect(failed).toEqual([]);
  expect(migrations.length).toBeGreaterThan(9);

  /** A project has one table of a name: patterns that expect it get the same. */
  async function createIfMissing({ name, sql }: { name: string; sql: string }): Promise<void> {
    const { rows } = await database.pool.query('select to_regclass($1) as found', [name]);
    if (rows[0]?.found === null) await database.pool.query(sql);
  }
});

const patterns = new Map(readSourcePatterns(ROOT).map((pattern) => [pattern.id, pattern]));

/** The tables that a migration refers to and the project has already, as the example makes them. */
function listYours(id: string, migration: string): { name: string; sql: string }[] {
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
