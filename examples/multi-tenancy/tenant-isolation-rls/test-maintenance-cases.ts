import { openPool } from '@touchstone/kit/postgres/database';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { deleteTenant, forEachTenant } from './maintenance.ts';
import { addProject, listSlugs, startTwoTenants } from './test-app.ts';

it('a job for all tenants goes on after failures, which it logs and returns', async () => {
  await using database = await startTwoTenants();
  const { acme, globex, inTenant } = database;
  const initech = await database.signUp('Initech');
  await using maintenance = openPool(database.maintenanceUrl);
  const log = createTestLog();
  const services = { maintenance: maintenance.pool, inTenant, log };

  const failed = await forEachTenant(services, async (tx) => {
    const [slug] = await listSlugs(tx);
    await addProject(tx, 'from the job');
    if (slug !== 'globex') throw new Error('no');
  });

  expect(failed.toSorted()).toEqual([acme, initech.tenantId].sort());
  expect(log.entries).toEqual(
    failed.map((tenantId) => ({
      level: 'error',
      message: 'the work of a tenant failed',
      details: { tenantId, error: new Error('no') },
    })),
  );
  expect(await inTenant(acme, listSlugs)).toEqual(['acme']);
  expect(await inTenant(globex, listSlugs)).toContain('from the job');
});

it('a job for all tenants ends at its signal, also during the last one', async () => {
  await using database = await startTwoTenants();
  await using maintenance = openPool(database.maintenanceUrl);
  const log = createTestLog();
  const services = { ...database, maintenance: maintenance.pool, log };

  for (const last of [1, 2]) {
    const stop = new AbortController();
    const signals: boolean[] = [];
    const job = forEachTenant(
      services,
      async (_tx, signal) => {
        if (signals.length === last - 1)
          stop.abort(new Error('shutting down'));
        signals.push(signal.aborted);
      },
      stop.signal,
    );
    await expect(job).rejects.toThrow('shutting down');
    expect(signals).toEqual([false, true].slice(-last));
  }
  expect(log.entries).toEqual([]);
});

it('a tenant is deleted in batches, with all rows and keys, and no other tenant is', async () => {
  await using database = await startTwoTenants();
  const { acme, globex, inTenant, findTenant } = database;
  await using maintenance = openPool(database.maintenanceUrl);
  await inTenant(acme, ({ query }) =>
    query(`insert into projects (slug, name)
           select n, n from generate_series(1, 1000) n`),
  );
  await inTenant(acme, ({ query }) =>
    query(`insert into tasks (project_id, title)
           select id, slug from projects limit 5`),
  );
  await database.asAdmin(BATCHES);

  await deleteTenant(maintenance.pool, acme, TABLES);

  const { rows } = await database.asAdmin('select * from batches');
  const sizes = rows.map(({ deleted }) => deleted);
  // The last ones: nothing is left, was locked, or is of the tenant.
  expect(sizes).toEqual([1000, 1, 0, 0, 0]);
  expect(await findTenant(database.keys.acme)).toBe(undefined);
  expect(await findTenant(database.keys.globex)).toBe(globex);
  const left = await database.asAdmin(
    `select tenant_id as id from projects
     union all select tenant_id from tasks
     union all select id from tenants`,
  );
  expect(left.rows).toEqual([{ id: globex }, { id: globex }]);
});

it('rows that a request changes meanwhile are deleted too, also where no foreign key helps', async () => {
  await using database = await startTwoTenants();
  const { acme, inTenant, asOwner, asAdmin } = database;
  await using maintenance = openPool(database.maintenanceUrl);
  await asOwner(`
    create table notes (
      tenant_id uuid not null default current_tenant(), text text);
    alter table notes
      enable row level security, force row level security;
    create policy own_rows on notes
      using (tenant_id = (select current_tenant()));
    grant insert, update, select on notes to tenancy_app`);
  await inTenant(acme, ({ query }) =>
    query('insert into notes values (default), (default)'),
  );
  let deleting: Promise<void> | undefined;
  let isDeleted = false;

  await inTenant(acme, async ({ query }) => {
    await query(`update notes set text = 'changed'`);
    deleting = deleteTenant(maintenance.pool, acme, ['notes']).then(
      () => {
        isDeleted = true;
      },
    );
    await waitUntil('it waits for the rows', async () => {
      const { rowCount } = await asAdmin(
        `select from pg_stat_activity
         where datname = current_database()
           and wait_event = 'transactionid'`,
      );
      return rowCount === 1;
    });
    await asAdmin('select');
    expect(isDeleted).toBe(false);
  });
  await deleting;

  const { rows } = await asAdmin('select tenant_id from notes');
  expect(rows).toEqual([]);
});

const TABLES = ['api_keys', 'tasks', 'projects'];

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

  for (const tables of [TABLES, []])
    await expect(
      deleteTenant(database.pool, acme, tables),
    ).rejects.toMatchObject({ code: '42501' });
  for (const _again of [1, 2])
    await deleteTenant(maintenance.pool, acme, TABLES);

  const { rows } = await asAdmin('select name from tenants');
  expect(rows).toEqual([{ name: 'globex' }]);
  expect(await inTenant(globex, listSlugs)).toEqual(['globex']);
});
