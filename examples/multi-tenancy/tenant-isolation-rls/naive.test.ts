import { startPgBouncer } from '@touchstone/kit/pgbouncer';
import { expect, it } from 'vitest';
import { createNaiveProjects, enterForSession } from './naive.ts';
import { createPool, startTestDatabase } from './test-app.ts';

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
  await database.inTenant(tenantId, (query) =>
    query(`insert into projects (slug, name) values ('a', 'A')`),
  );
  const [first, second] = [
    createPool(bouncer.url, 1),
    createPool(bouncer.url, 1),
  ];

  await enterForSession(first, tenantId);
  const { rows } = await second.query('select slug from projects');
  await Promise.all([first.end(), second.end()]);

  expect(rows).toEqual([{ slug: 'a' }]);
});
