import { expect, it } from 'vitest';
import { openPool } from '../../examples/kit/postgres/database.ts';
import { startPostgres } from '../../examples/kit/postgres/server.ts';
import { makeOwnTables } from '../testing/own-tables.ts';
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
    // A project has one table of a name: patterns that expect it get the same.
    await makeOwnTables(database.pool, pattern, text);
    await database.pool.query(text).catch(({ message }) => failed.push(`${path}: ${message}`));
  }

  expect(failed).toEqual([]);
  expect(migrations.length).toBeGreaterThan(9);
});
