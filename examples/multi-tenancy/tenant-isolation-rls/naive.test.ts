import { openPool } from '@touchstone/kit/postgres/database';
import { startPgBouncer } from '@touchstone/kit/postgres/pgbouncer';
import { expect, it } from 'vitest';
import { createNaiveProjects, enterForSession } from './naive.ts';
import { addProject, startTestDatabase } from './test-app.ts';

it('shows how the naive way fails: an `or` without brackets finds what other tenants have', async () => {
  await using database = await startTestDatabase();
  await database.asOwner(
    'alter table projects disable row level security',
  );
  const projects = createNaiveProjects(database);
  const acme = await database.signUp('Acme');
  const globex = await database.signUp('Globex');
  await projects.create(acme.tenantId, 'launch', 'The launch');
  await projects.create(globex.tenantId, 'acme-merger', 'Buy them');

  const found = await projects.search(acme.tenantId, 'acme');

  expect(found).toEqual([{ slug: 'acme-merger', name: 'Buy them' }]);
});

it('shows how a setting of the session leaks: the next client of PgBouncer reads as the tenant before', async () => {
  await using database = await startTestDatabase();
  await using bouncer = await startPgBouncer({
    databaseUrl: database.appUrl,
    poolSize: 1,
  });
  const { tenantId } = await database.signUp('Acme');
  await database.inTenant(tenantId, (tx) => addProject(tx, 'a'));
  await using first = openPool(bouncer.url, { max: 1 });
  await using second = openPool(bouncer.url, { max: 1 });

  await enterForSession(first.pool, tenantId);
  const { rows } = await second.pool.query('select slug from projects');

  expect(rows).toEqual([{ slug: 'a' }]);
});
