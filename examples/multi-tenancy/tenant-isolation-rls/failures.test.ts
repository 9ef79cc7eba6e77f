import { openPool } from '@touchstone/kit/postgres/database';
import { startPgBouncer } from '@touchstone/kit/postgres/pgbouncer';
import { runProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { createTestLog } from '@touchstone/kit/testing/log';
import { expect } from 'vitest';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { findIsolationGaps } from './isolation-gaps.ts';
import { forEachTenant } from './maintenance.ts';
import { runIn } from './provision.ts';
import { createTenantTransactions } from './tenant-transactions.ts';
import { REVIEWED } from './tenants.ts';
import {
  listSlugs,
  startTestDatabase,
  startTwoTenants,
  type TestDatabase,
} from './test-app.ts';
import './test-gap-cases.ts';
import './test-maintenance-cases.ts';
import './test-transaction-cases.ts';

failure(
  'The tenant of one request is still set when the pool gives its connection to the next',
  {
    symptom:
      'The next client of PgBouncer sees zero rows; a query kept for later gets TransactionError `ended`; temporary tables are refused',
    defence: 'in-tenant',
    remains:
      'Other state of a connection that your own SQL leaves: `set` without `local`, a cursor `with hold`, a lock of the session',
  },
  async () => {
    await using database = await startTwoTenants();
    await using bouncer = await startPgBouncer({
      databaseUrl: database.appUrl,
      poolSize: 1,
    });
    await using mine = openPool(bouncer.url, { max: 1 });
    await using next = openPool(bouncer.url, { max: 1 });
    const { inTenant } = createTenantTransactions(mine);
    const kept: Queryable[] = [];
    const endings: ((tx: Queryable) => Promise<unknown>)[] = [
      async (tx) => kept.push(tx),
      () => Promise.reject(new Error('changed my mind')),
      ({ query }) => query('select 1 / 0'),
      ({ query }) => query('create temporary table kept (secret text)'),
      ({ query }) => query('select 1 / 0').catch(() => {}),
      ({ query }) => query('rollback'),
      ({ query }) => query('commit and chain'),
      async ({ query }) => {
        query('select 1 / 0');
      },
    ];

    const codes = [];
    for (const ending of endings) {
      const end = inTenant(database.acme, async (tx) => {
        expect(await listSlugs(tx)).toEqual(['acme']);
        await ending(tx);
        return 'committed';
      });
      const code = await end.catch(
        (error) => error.code ?? error.message,
      );
      codes.push(code);
      const { rows } = await next.pool.query(
        `select coalesce(current_setting('app.tenant_id', true), '') as tenant,
                (select count(*)::int from projects) as seen`,
      );
      expect(rows).toEqual([{ tenant: '', seen: 0 }]);
    }

    expect(codes).toEqual([
      'committed',
      'changed my mind',
      '22012',
      '42501',
      'rolled_back',
      'ended_by_work',
      'committed',
      'not_awaited',
    ]);
    await expect(kept[0]?.query('select 1')).rejects.toMatchObject({
      code: 'ended',
    });
  },
);

failure(
  'A query or a background job runs without a tenant',
  {
    symptom:
      'It sees and changes zero rows; an insert is refused; `inTenant` throws `tenant_required`',
    defence: 'current-tenant',
    remains:
      'Zero rows look like success: count them, or use `inTenant`',
  },
  async () => {
    await using database = await startTwoTenants();
    const { pool, inTenant } = database;
    const runJob = (job: { tenantId?: string }) =>
      inTenant(job.tenantId, ({ query }) =>
        query('delete from projects'),
      );

    // A connection that never had a tenant, and one that had.
    for (const used of [false, true]) {
      await using fresh = openPool(database.appUrl, { max: 1 });
      if (used)
        await createTenantTransactions(fresh).inTenant(
          database.acme,
          listSlugs,
        );
      const { rows } = await fresh.pool.query('select from projects');
      expect(rows).toEqual([]);
      const wiped = await fresh.pool.query('delete from projects');
      expect(wiped.rowCount).toBe(0);
      await expect(
        fresh.pool.query(
          `insert into projects (slug, name) values ('x', '')`,
        ),
      ).rejects.toMatchObject({ code: '42501' });
    }
    for (const job of [{}, { tenantId: '' }, { tenantId: `'; --` }])
      await expect(runJob(job)).rejects.toMatchObject({
        code: 'tenant_required',
      });

    expect(await countEverything(database)).toBe(2);
    await runJob({ tenantId: database.acme });
    expect(await countEverything(database)).toBe(1);
    expect(pool.totalCount).toBeGreaterThan(0);
  },
);

failure(
  'A request writes into another tenant',
  {
    symptom:
      '`new row violates row-level security policy`; an update or delete of foreign rows counts zero',
    defence: 'policies',
    remains: '`truncate` ignores policies, so it is not granted',
  },
  async () => {
    await using database = await startTwoTenants();
    const { acme, globex, inTenant } = database;
    const write = (text: string, values?: unknown[]) =>
      inTenant(
        acme,
        async ({ query }) => (await query(text, values)).rowCount,
      );
    const refused = { code: '42501' };

    await expect(
      write(
        `insert into projects (tenant_id, slug, name) values ($1, 'x', '')`,
        [globex],
      ),
    ).rejects.toMatchObject(refused);
    await expect(
      write('update projects set tenant_id = $1', [globex]),
    ).rejects.toMatchObject(refused);
    await expect(write('truncate tasks')).rejects.toMatchObject(
      refused,
    );
    const foreign = [globex];
    expect(
      await write(
        `update projects set name = '' where tenant_id = $1`,
        foreign,
      ),
    ).toBe(0);
    expect(
      await write('delete from projects where tenant_id = $1', foreign),
    ).toBe(0);
    expect(
      await write('delete from tenants where id = $1', [acme]).catch(
        ({ code }) => code,
      ),
    ).toBe('42501');

    expect(await inTenant(globex, listSlugs)).toEqual(['globex']);
  },
);

failure(
  'The application logs in as the owner of the tables, or as superuser',
  {
    symptom:
      'It does not start: `projects: this role owns it`, or `policies do not bind it`',
    defence: 'policies',
    remains:
      'A person who has the password of the owner can drop the policies',
  },
  async () => {
    await using database = await startTwoTenants();

    const owner = `set row_security = on; select from projects`;
    expect(await database.asOwner(owner)).toMatchObject([
      {},
      { rowCount: 0 },
    ]);

    const admin = new URL(database.adminUrl).username;
    const starts: [string, string][] = [
      [database.ownerUrl, 'projects: this role owns it'],
      [database.adminUrl, `role ${admin}: policies do not bind it`],
      [
        database.maintenanceUrl,
        'role tenancy_maintenance: policies do not bind it',
      ],
    ];
    for (const [url, sentence] of starts) {
      const main = new URL('main.ts', import.meta.url);
      const { code, errors } = await runProgram(main, {
        DATABASE_URL: url,
        PORT: '0',
      });
      expect(code).toBe(1);
      expect(errors).toContain(sentence);
      expect(errors).not.toContain('_pkey: this role owns it');
    }
  },
);

failure(
  'A tenant tests unique and foreign keys to find out what other tenants have',
  {
    symptom:
      'None: a taken slug or id is free for everyone else, and an id of another tenant gets the same answer as an id that does not exist',
    defence: 'keys',
    remains:
      'A key that must be unique among all tenants, such as an e-mail address, reveals that it exists',
  },
  async () => {
    await using database = await startTwoTenants();
    const { acme, globex, inTenant } = database;
    const write = (text: string, values: unknown[]) =>
      inTenant(acme, ({ query }) => query(text, values)).then(
        () => 'done',
        ({ code, constraint, detail }) => ({
          code,
          constraint,
          detail,
        }),
      );
    const [{ id = '' } = {}] = await inTenant(
      globex,
      async ({ query }) => {
        const { rows } = await query<{ id: string }>(
          'select id from projects',
        );
        return rows;
      },
    );
    const nowhere = crypto.randomUUID();
    const addTask = (projectId: string) =>
      write(`insert into tasks (project_id, title) values ($1, '')`, [
        projectId,
      ]);

    const taken = `insert into projects (id, slug, name) values ($1, 'globex', '')`;
    expect(await addTask(id)).toEqual(
      JSON.parse(
        JSON.stringify(await addTask(nowhere)).replace(nowhere, id),
      ),
    );
    expect(await addTask(id)).toMatchObject({ code: '23503' });
    expect(await write(taken, [id])).toBe('done');
    expect(await addTask(id)).toBe('done');

    await inTenant(globex, ({ query }) =>
      query('delete from projects'),
    );
    expect(await inTenant(acme, listSlugs)).toEqual(['acme', 'globex']);
  },
);

failure(
  'SQL is injected into a query',
  {
    symptom:
      '`permission denied for function` set_config, pg_stat_get_activity, pg_terminate_backend; `cannot insert multiple commands`',
    defence: 'no-reach',
    remains:
      'All rows of the tenant itself. Where these functions cannot be revoked, also other tenants. Extensions, large objects, NOTIFY and advisory locks have no tenant',
  },
  async () => {
    await using database = await startTwoTenants();
    const { acme, globex, inTenant } = database;
    // What nobody should write, and somebody will.
    const search = (text: string) =>
      inTenant(acme, async ({ query }) => {
        const { rows } = await query<{ slug: string }>(
          `select slug from projects where name ilike '%${text}%'`,
        );
        return rows.map(({ slug }) => slug);
      }).catch(({ code }) => code);
    const set = `set_config('app.tenant_id', '${globex}', true)`;
    const setLocal = `set local app.tenant_id = '${globex}'`;
    const quoted = setLocal.replaceAll(`'`, `''`);

    expect(await search(`' or true --`)).toEqual(['acme']);
    const union = `' union all select`;
    expect(await search(`x${union} slug from projects --`)).toEqual([
      'acme',
    ]);
    expect(await search(`x${union} ${set} --`)).toBe('42501');
    expect(
      await search(
        `' and '' < (select ${set}) union all select slug from projects --`,
      ),
    ).toBe('42501');
    expect(
      await search(
        `x${union} query_to_xml('${quoted}', true, true, '')::text --`,
      ),
    ).toBe('0A000');
    expect(
      await search(`x${union} word from ts_stat('${quoted}') --`),
    ).toBe('42P11');
    expect(
      await search(`'; ${setLocal}; select slug from projects --`),
    ).toBe('42601');
    expect(await search(`'; commit --`)).toBe('42601');
    const update = `update pg_settings set setting = ''off'' where name = ''row_security''`;
    expect(
      await search(
        `x${union} query_to_xml('${update}', true, true, '')::text --`,
      ),
    ).toBe('42501');
    const others = `pid::text || query from pg_stat_activity --`;
    expect(await search(`x${union} ${others}`)).toBe('42501');
    for (const call of [
      'pg_stat_get_backend_activity(1)',
      'pg_cancel_backend(1)::text',
      'pg_terminate_backend(1)::text',
    ])
      expect(await search(`x${union} ${call} --`)).toBe('42501');

    // Who watches the server still can.
    const { rows } = await database.asAdmin(
      `select has_function_privilege(role, call, 'execute') as may
       from (values ('pg_monitor', 'pg_stat_get_activity(int)'),
         ('pg_monitor', 'pg_stat_get_backend_activity(int)'),
         ('pg_signal_backend', 'pg_cancel_backend(int)'),
         ('pg_signal_backend', 'pg_terminate_backend(int, bigint)')
       ) as needed (role, call)`,
    );
    expect(rows.map(({ may }) => may)).toEqual([
      true,
      true,
      true,
      true,
    ]);
  },
);

failure(
  'A migration adds a table without a policy, or a view with the rights of its owner',
  {
    symptom:
      'The build fails, and the program does not start: `invoices: row-level security is off`, `a view without security_invoker=true`',
    defence: 'table-gaps',
    remains:
      'Triggers and rules with the rights of the application, and what is on the reviewed list',
  },
  async () => {
    await using database = await startTestDatabase();
    const findGaps = () => findIsolationGaps(database.pool, REVIEWED);
    expect(await findGaps()).toEqual([]);

    await database.asOwner('create table invoices (tenant_id uuid)');
    expect(await findGaps()).toEqual([]); // out of reach
    await database.asOwner('grant select on invoices to tenancy_app');
    expect(await findGaps()).toEqual([
      { name: 'invoices', gap: 'row-level security is off' },
    ]);

    const main = new URL('main.ts', import.meta.url);
    const { code, errors } = await runProgram(main, {
      DATABASE_URL: database.appUrl,
      PORT: '0',
    });
    expect(code).toBe(1);
    expect(errors).toContain('invoices: row-level security is off');

    await database.asOwner(`
      alter table invoices
        enable row level security, force row level security;
      create policy own_rows on invoices
        using (tenant_id = (select current_tenant()));
      create view totals as select from projects;
      grant select on totals to tenancy_app`);
    expect(await findGaps()).toEqual([
      { name: 'totals', gap: 'a view without security_invoker=true' },
    ]);
  },
);

failure(
  'A list is slow since the policies are on',
  {
    symptom:
      '`explain` shows a sort, or rows removed by a filter, where an index scan should be',
    defence: 'indexes',
    remains:
      'Only leakproof operators use an index under a policy: not `lower()`, `like`, numeric, enums, arrays, jsonb, full text or trigrams',
  },
  async () => {
    await using database = await startTwoTenants();
    await fill(database);

    await database.asOwner(FIND_BY_NAME);
    await database.asAdmin('analyze projects');
    const explain = (query: string) =>
      database.inTenant(database.acme, async (tx) => {
        const { rows } = await tx.query(
          `explain (analyze, format json) select slug from projects ${query}`,
        );
        return JSON.stringify(rows);
      });

    const list = await explain('order by created_at desc limit 10');
    expect(list).toContain('"Index Name":"newest_projects"');
    expect(list).toMatch(
      /"Index Cond":"\(tenant_id = (\(InitPlan|\$0)/,
    );
    expect(list).not.toContain('"Node Type":"Sort"');
    expect(list).not.toContain('Rows Removed by Filter');

    // The index on an expression is of no use, the one on a column is.
    const byName = await explain(`where lower(name) = lower('P7')`);
    expect(byName).not.toMatch(/Index Cond[^}]*lower/);
    const prefix = await explain(`where name like 'P7%'`);
    expect(prefix).not.toMatch(/Index Cond[^}]*P7/);
    const byKey = await explain(`where name_key = lower('P7')`);
    expect(byKey).toMatch(/Index Cond[^}]*name_key = 'p7'/);
  },
);

/** The same look-up in lower case, twice. */
const FIND_BY_NAME = `
  create index on projects (tenant_id, lower(name));
  create index on projects (tenant_id, name text_pattern_ops);
  alter table projects add column name_key text
    generated always as (lower(name)) stored;
  create index on projects (tenant_id, name_key)`;

failure(
  'A migration of the owner changes rows, or adds a foreign key',
  {
    symptom:
      '`query would be affected by row-level security policy`, instead of `UPDATE 0` and a key that is valid without having been checked',
    defence: 'roles',
    remains:
      'A migration as tenancy_maintenance must create nothing: what it creates would belong to a role that policies do not bind',
  },
  async () => {
    await using database = await startTwoTenants();
    const { asOwner, asMaintenance } = database;
    const fill = 'update projects set name = upper(name)';
    const addKey = `alter table notes add constraint of_project
      foreign key (tenant_id, project) references projects`;
    await asOwner(`
      create table notes (tenant_id uuid, project uuid);
      alter table notes
        enable row level security, force row level security;
      create policy own_rows on notes
        using (tenant_id = (select current_tenant()))`);
    await asMaintenance(`
      insert into notes
      select tenant_id, gen_random_uuid() from projects`);

    // As most people have it: neither is an error.
    const careless = `set row_security = on; ${fill}; ${addKey};
      select convalidated from pg_constraint where conname = 'of_project'`;
    expect(await asOwner(careless)).toMatchObject([
      {},
      { command: 'UPDATE', rowCount: 0 },
      {},
      { rows: [{ convalidated: true }] },
    ]);
    await asOwner('alter table notes drop constraint of_project');

    const refused = {
      code: '42501',
      message: expect.stringMatching(/^query would be affected by row/),
    };
    for (const step of [fill, addKey])
      await expect(asOwner(step)).rejects.toMatchObject(refused);
    expect((await asMaintenance(fill)).rowCount).toBe(2);
    await expect(asMaintenance(addKey)).rejects.toMatchObject({
      code: '23503',
    });
    await asOwner(`${addKey} not valid`);
    const validate = 'alter table notes validate constraint of_project';
    await expect(asOwner(validate)).rejects.toMatchObject(refused);
    await asMaintenance('delete from notes');
    await asMaintenance(validate);
  },
);

failure(
  'A backup, or a job for all tenants, logs in as the application',
  {
    symptom:
      'The dump fails with `permission denied for function set_config`; the list of tenants is empty',
    defence: 'for-each-tenant',
    remains:
      'Dumps, replicas and the password of tenancy_maintenance hold all tenants',
  },
  async () => {
    await using database = await startTwoTenants();
    const { acme, globex, inTenant } = database;
    // As pg_dump begins, so that it misses no row without an error.
    const dump = (url: string) =>
      runIn(url, async (client) => {
        await client.query(
          `select pg_catalog.set_config('search_path', '', false)`,
        );
        await client.query('set row_security = off');
        const { rowCount } = await client.query(
          'select from public.projects',
        );
        return rowCount;
      });
    await using maintenance = openPool(database.maintenanceUrl);
    const slugs: string[] = [];

    await expect(dump(database.appUrl)).rejects.toThrow(
      'permission denied for function set_config',
    );
    await expect(dump(database.ownerUrl)).rejects.toThrow(
      'query would be affected by row-level security policy',
    );
    expect(await dump(database.maintenanceUrl)).toBe(2);

    for (const [pool, seen] of [
      [database.pool, []],
      [maintenance.pool, ['acme', 'globex']],
    ] as const) {
      slugs.length = 0;
      const services = {
        maintenance: pool,
        inTenant,
        log: createTestLog(),
      };
      const failed = await forEachTenant(services, async (tx) => {
        slugs.push(...(await listSlugs(tx)));
      });
      expect(failed).toEqual([]);
      expect(slugs.sort()).toEqual(seen);
    }
    expect(acme).not.toBe(globex);
  },
);

async function countEverything({ asAdmin }: TestDatabase) {
  const { rowCount } = await asAdmin('select from projects');
  return rowCount;
}

/** Two hundred tenants more, so that an index is worth its while. */
async function fill({ asAdmin }: TestDatabase) {
  await asAdmin(`
    insert into tenants (id, name)
    select gen_random_uuid(), '' from generate_series(1, 200);
    insert into projects (tenant_id, slug, name, created_at)
    select tenants.id, 'p' || n, '', now() - n * interval '1 minute'
    from tenants, generate_series(1, 50) n;
    analyze projects`);
}
