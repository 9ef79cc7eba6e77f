import { openPool } from '@touchstone/kit/postgres/database';
import { startPgBouncer } from '@touchstone/kit/postgres/pgbouncer';
import { runProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { expect } from 'vitest';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { findIsolationGaps } from './isolation-gaps.ts';
import { runIn } from './provision.ts';
import {
  createTenantTransactions,
  type Query,
} from './tenant-transactions.ts';
import { REVIEWED } from './tenants.ts';
import { startTestDatabase } from './test-app.ts';

failure(
  'The tenant of one request is still set when the pool gives its connection to the next',
  {
    symptom:
      'The next client of PgBouncer sees zero rows; a query kept for later gets `transaction_ended`',
    defence: 'in-tenant',
    remains:
      'Code that takes a connection from the pool by hand and says `set` without `local`',
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
    const kept: Query[] = [];
    const endings: ((tx: Queryable) => Promise<unknown>)[] = [
      async ({ query }) => kept.push(query),
      () => Promise.reject(new Error('changed my mind')),
      ({ query }) => query('select 1 / 0'),
      ({ query }) => query('select 1 / 0').catch(() => {}),
    ];

    const codes = [];
    for (const ending of endings) {
      const end = inTenant(database.acme, async (tx) => {
        expect(await listSlugs(tx)).toEqual(['acme']);
        await ending(tx);
        return 'committed';
      });
      codes.push(
        await end.catch(({ code, message }) => code ?? message),
      );
      const { rows } = await next.pool.query(
        `select current_setting('app.tenant_id', true) as tenant,
                (select count(*)::int from projects) as seen`,
      );
      expect(rows).toEqual([{ tenant: '', seen: 0 }]);
    }

    expect(codes).toEqual([
      'committed',
      'changed my mind',
      '22012',
      'rolled_back',
    ]);
    await expect(kept[0]?.('select 1')).rejects.toMatchObject({
      code: 'transaction_ended',
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
    remains: 'Truncate asks no policy: it is not granted',
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
      'It does not start: `policies do not bind it`. The owner sees zero rows too, and an error with `row_security = off`, as `pg_dump` sets it',
    defence: 'policies',
    remains:
      'Dumps, logical replication and jobs of an administrator hold all tenants',
  },
  async () => {
    await using database = await startTwoTenants();

    const { owned, inOneTenant, dumped } = await runIn(
      database.ownerUrl,
      async (owner) => {
        const read = (sql: string) =>
          owner.query(`${sql}; select slug from projects`).then(
            (results) => [results].flat().at(-1)?.rows,
            ({ code }) => code,
          );
        const owned = await read('reset all');
        const set = `begin; set local app.tenant_id = '${database.acme}'`;
        const inOneTenant = await read(set);
        // This is how pg_dump makes sure that it misses no row.
        const dumped = await read('rollback; set row_security = off');
        return { owned, inOneTenant, dumped };
      },
    );
    expect(owned).toEqual([]);
    expect(inOneTenant).toEqual([{ slug: 'acme' }]);
    expect(dumped).toBe('42501');

    const admin = new URL(database.adminUrl).username;
    const starts: [string, string][] = [
      [database.ownerUrl, 'projects: this role owns it'],
      [database.adminUrl, `role ${admin}: policies do not bind it`],
    ];
    for (const [url, sentence] of starts) {
      const main = new URL('main.ts', import.meta.url);
      const { code, errors } = await runProgram(main, {
        DATABASE_URL: url,
        PORT: '0',
      });
      expect(code).toBe(1);
      expect(errors).toContain(sentence);
    }
  },
);

failure(
  'A view or a function reads with the rights of its owner',
  {
    symptom:
      'The check that fails the build: `a view with the rights of its owner`',
    defence: 'view',
    remains:
      'A `security definer` function on the reviewed list is as safe as its review',
  },
  async () => {
    await using database = await startTwoTenants();
    const seeSizes = () =>
      database.inTenant(database.acme, async ({ query }) => {
        const { rows } = await query('select slug from project_sizes');
        return rows;
      });
    expect(await findIsolationGaps(database.pool, REVIEWED)).toEqual(
      [],
    );
    expect(await seeSizes()).toEqual([{ slug: 'acme' }]);

    // As a migration that somebody runs as superuser.
    await database.asAdmin(`
      alter view project_sizes owner to current_user;
      alter view project_sizes reset (security_invoker);
      create function all_projects() returns bigint
        language sql security definer
        return (select count(*) from projects)`);
    expect(await seeSizes()).toHaveLength(2);
    expect(await findIsolationGaps(database.pool, REVIEWED)).toEqual([
      {
        name: 'all_projects()',
        gap: 'it runs with the rights of its owner',
      },
      {
        name: 'project_sizes',
        gap: 'a view with the rights of its owner',
      },
    ]);

    await database.asAdmin(
      'alter view project_sizes set (security_invoker = on)',
    );
    expect(await seeSizes()).toEqual([{ slug: 'acme' }]);
  },
);

failure(
  'A tenant probes unique and foreign keys for what others have',
  {
    symptom:
      'None: a taken slug or id is free for everyone else, and a foreign id answers like one that is nowhere',
    defence: 'keys',
    remains:
      'A key that must be unique among all tenants, such as an e-mail address, tells that it exists',
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
      'Own rows only; `permission denied for function set_config`; `cannot insert multiple commands`',
    defence: 'no-set-config',
    remains:
      'All that the tenant itself has. Where `set_config` cannot be revoked, an injection can change the tenant',
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
    await database.asAdmin(
      'grant execute on function set_config to public',
    );
    expect(await findIsolationGaps(database.pool, REVIEWED)).toEqual([
      { name: 'set_config', gap: 'a query can change the tenant' },
    ]);
  },
);

failure(
  'A new table comes without a policy',
  {
    symptom:
      'The build fails, and the program does not start: `invoices: row-level security is off`',
    defence: 'relation-gaps',
    remains:
      'A policy that names `current_tenant()` and is wrong all the same',
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

    const steps: [string, string | undefined][] = [
      ['enable row level security', 'its owner is exempt'],
      ['force row level security', undefined],
    ];
    for (const [step, gap] of steps) {
      await database.asOwner(`alter table invoices ${step}`);
      const left = await findGaps();
      expect(left).toEqual(gap ? [{ name: 'invoices', gap }] : []);
    }
    const mistakes: [string, object][] = [
      [
        'create policy all_rows on invoices using (true)',
        {
          name: 'invoices',
          gap: 'a policy that does not ask for the tenant',
        },
      ],
      [
        'drop policy all_rows on invoices; grant truncate on invoices to public',
        { name: 'invoices', gap: 'truncate asks no policy' },
      ],
      [
        `drop table invoices;
         create materialized view totals as select count(*) from projects;
         grant select on totals to tenancy_app`,
        {
          name: 'totals',
          gap: 'row-level security cannot protect it',
        },
      ],
    ];
    for (const [sql, gap] of mistakes) {
      await database.asOwner(sql);
      expect(await findGaps()).toEqual([gap]);
    }
  },
);

failure(
  'A plan that was made for one tenant is kept and run for another',
  {
    symptom:
      'None: a prepared statement asks for the tenant each time it is executed',
    defence: 'current-tenant',
    remains:
      'PgBouncer before 1.21 knows no named statements: leave them unnamed',
  },
  async () => {
    await using database = await startTwoTenants();
    const { acme, globex } = database;
    const client = await database.pool.connect();
    const list = async (tenantId: string) => {
      await client.query(
        `begin; set local app.tenant_id = '${tenantId}'`,
      );
      const { rows } = await client.query({
        name: 'list',
        text: 'select slug from projects',
      });
      await client.query('commit');
      return rows;
    };

    const rounds = [];
    for (const tenant of [acme, acme, globex, acme])
      rounds.push(await list(tenant));
    const { rows: plans } = await client.query(
      `select generic_plans > 0 as kept from pg_prepared_statements`,
    );
    client.release();

    expect(rounds.flat().map(({ slug }) => slug)).toEqual([
      'acme',
      'acme',
      'globex',
      'acme',
    ]);
    expect(plans).toEqual([{ kept: true }]);
  },
);

failure(
  'A list is slow since the policies are on',
  {
    symptom:
      '`explain` shows a sort, or rows removed by a filter, where an index scan should be',
    defence: 'indexes',
    remains:
      'Indexes for full text, trigrams and jsonb are not used under a policy: their operators are not leakproof',
  },
  async () => {
    await using database = await startTwoTenants();
    await fill(database);

    const plan = await database.inTenant(
      database.acme,
      async ({ query }) => {
        const { rows } = await query(
          `explain (analyze, format json)
         select slug, name from projects
         order by created_at desc
         limit 10`,
        );
        return JSON.stringify(rows);
      },
    );

    expect(plan).toContain('"Index Name":"newest_projects"');
    expect(plan).toMatch(/"Index Cond":"\(tenant_id = \(InitPlan/);
    expect(plan).not.toContain('"Node Type":"Sort"');
    expect(plan).not.toContain('Rows Removed by Filter');
  },
);

type TestDatabase = Awaited<ReturnType<typeof startTestDatabase>>;

/** Two tenants with one project each, whose slug says whose it is. */
async function startTwoTenants() {
  const database = await startTestDatabase();
  const ids = { acme: '', globex: '' };
  for (const name of ['acme', 'globex'] as const) {
    ids[name] = (await database.signUp(name)).tenantId;
    await database.inTenant(ids[name], ({ query }) =>
      query('insert into projects (slug, name) values ($1, $1)', [
        name,
      ]),
    );
  }
  return { ...database, ...ids };
}

async function listSlugs({ query }: Queryable): Promise<string[]> {
  const { rows } = await query<{ slug: string }>(
    'select slug from projects order by slug',
  );
  return rows.map(({ slug }) => slug);
}

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
