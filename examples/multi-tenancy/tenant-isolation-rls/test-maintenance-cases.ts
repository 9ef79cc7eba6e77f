import { openPool } from '@touchstone/kit/postgres/database';
import { createTestLog } from '@touchstone/kit/testing/log';
import { expect, it } from 'vitest';
import { deleteTenant, forEachTenant } from './maintenance.ts';
import { addProject, listSlugs, startTwoTenants } from './test-app.ts';

it('a job for all tenants goes on after the failure of one, which it logs and returns', async () => {
  await using database = await startTwoTenants();
  const { acme, globex, inTenant } = database;
  await using maintenance = openPool(database.maintenanceUrl);
  const log = createTestLog();
  const done: string[] = [];
  const services = { maintenance: maintenance.pool, inTenant, log };
  const [first, second] = [acme, globex].sort();

  const failed = await forEachTenant(services, async (tx) => {
    const slugs = await listSlugs(tx);
    await addProject(tx, 'from the job');
    done.push(...slugs);
    if (done.length === 1) throw new Error('no');
  });

  expect(failed).toEqual([first]);
  expect(log.entries).toEqual([
    {
      level: 'error',
      message: 'the work of a tenant failed',
      details: { tenantId: first, error: new Error('no') },
    },
  ]);
  expect(done.sort()).toEqual(['acme', 'globex']);
  expect(await inTenant(first, listSlugs)).not.toContain(
    'from the job',
  );
  expect(await inTenant(second, listSlugs)).toContain('from the job');
});

it('a job for all tenants ends at its signal', async () => {
  await using database = await startTwoTenants();
  await using maintenance = openPool(database.maintenanceUrl);
  const log = createTestLog();
  const stop = new AbortController();
  const services = { ...database, maintenance: maintenance.pool, log };
  let calls = 0;

  const job = forEachTenant(
    services,
    async (_tx, signal) => {
      calls += 1;
      stop.abort(new Error('shutting down'));
      expect(signal.aborted).toBe(true);
    },
    stop.signal,
  );

  await expect(job).rejects.toThrow('shutting down');
  expect(calls).toBe(1);
});

it('a tenant is deleted in batches, with all rows and keys, and no other tenant is', async () => {
  await using database = await startTwoTenants();
  const { acme, globex, inTenant, findTenant } = database;
  await using maintenance = openPool(database.maintenanceUrl);
  for (let n = 0; n < 4; n++)
    await inTenant(acme, (tx) => addProject(tx, `p${n}`));
  await inTenant(acme, ({ query }) =>
    query(`insert into tasks (project_id, title)
           select id, slug from projects`),
  );
  await database.asAdmin(BATCHES);

  await deleteTenant(maintenance.pool, acme, {
    tables: ['api_keys', 'tasks', 'projects'],
    batch: 2,
  });

  const { rows } = await database.asAdmin('select * from batches');
  const sizes = rows.map(({ deleted }) => deleted);
  // The last one is the cascade of the tenant.
  expect(sizes).toEqual([2, 2, 1, 0, 0]);
  expect(await findTenant(database.keys.acme)).toBe(undefined);
  expect(await findTenant(database.keys.globex)).toBe(globex);
  const left = await database.asAdmin(
    `select tenant_id as id from projects
     union all select tenant_id from tasks
     union all select id from tenants`,
  );
  expect(left.rows).toEqual([{ id: globex }, { id: globex }]);
});

/** Notes how many projects each statement deletes. */
const BATCHES = `
  create table batches (deleted int);
  create function note_batch() returns trigger
    language plpgsql security definer as $$
  begin
    insert into public.batches select count(*) from gone;
    return null;
  end $$;
  create trigger note_batch after delete on projects
    referencing old table as gone
    for each statement execute function note_batch()`;

it('support reads one tenant after the other, and cannot change a row', async () => {
  await using database = await startTwoTenants();
  const { acme, globex, inTenant } = database;

  for (const [id, slug] of [
    [acme, 'acme'],
    [globex, 'globex'],
  ]) {
    const slugs = await inTenant(id, listSlugs, { readOnly: true });
    expect(slugs).toEqual([slug]);
  }
  const change = inTenant(acme, (tx) => addProject(tx, 'x'), {
    readOnly: true,
  });

  await expect(change).rejects.toMatchObject({ code: '25006' });
});

it('only the maintenance role deletes a tenant, and a second time changes nothing', async () => {
  await using database = await startTwoTenants();
  const { acme, globex, inTenant, asAdmin } = database;
  await using maintenance = openPool(database.maintenanceUrl);
  const tables = ['api_keys', 'tasks', 'projects'];

  await expect(
    deleteTenant(database.pool, acme, { tables }),
  ).rejects.toMatchObject({ code: '42501' });
  for (const _again of [1, 2])
    await deleteTenant(maintenance.pool, acme, { tables });

  const { rows } = await asAdmin('select name from tenants');
  expect(rows).toEqual([{ name: 'globex' }]);
  expect(await inTenant(globex, listSlugs)).toEqual(['globex']);
});
