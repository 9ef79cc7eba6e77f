import { randomBytes } from 'node:crypto';
import { openPool } from '@touchstone/kit/postgres/database';
import { describe, expect, it } from 'vitest';
import {
  findIsolationGaps,
  type Gap,
  requireIsolation,
} from './isolation-gaps.ts';
import { REVIEWED } from './tenants.ts';
import {
  startTestDatabase,
  startTwoTenants,
  type TestDatabase,
} from './test-app.ts';

const WRONG_POLICY =
  'a policy that is not tenant = (select current_tenant())';
const WRONG_KEY = 'a key that does not begin with the tenant';
const OFF = 'row-level security is off';
const EXEMPT = 'its owner is exempt';
const TRUNCATE = 'it may be truncated';

/** A table with nothing wrong, for a migration to spoil. */
const NOTES = `
  create table notes (
    tenant_id uuid not null default current_tenant(),
    id int,
    email text,
    during tsrange
  );
  create index on notes (id);
  alter table notes
    enable row level security, force row level security;
  create policy own_rows on notes
    using (tenant_id = (select current_tenant()));
  grant select on notes to tenancy_app;`;

/** What a migration of the owner does, and the gaps that it opens. */
const MIGRATIONS: Record<string, [sql: string, ...gaps: Gap[]]> = {
  'no mistake': ['select'],
  'a unique key that begins with the tenant': [
    'create unique index on notes (tenant_id, email)',
  ],
  'a table out of reach': ['create table logs ()'],
  'a table that may be read': [
    'create table logs (); grant select on logs to tenancy_app',
    { name: 'logs', gap: OFF },
  ],
  'a table that may be added to': [
    'create table logs (); grant insert on logs to public',
    { name: 'logs', gap: OFF },
  ],
  'a table that may be changed': [
    'create table logs (); grant update on logs to public',
    { name: 'logs', gap: OFF },
  ],
  'a table that may be deleted from': [
    'create table logs (); grant delete on logs to public',
    { name: 'logs', gap: OFF },
  ],
  'one column that may be read': [
    'create table logs (a int); grant select (a) on logs to tenancy_app',
    { name: 'logs', gap: OFF },
  ],
  'one column that may be added to': [
    'create table logs (a int); grant insert (a) on logs to tenancy_app',
    { name: 'logs', gap: OFF },
  ],
  'one column that may be changed': [
    'create table logs (a int); grant update (a) on logs to tenancy_app',
    { name: 'logs', gap: OFF },
  ],
  'a table in another schema': [
    'reset role; create schema log; create table log.logs (); grant select on log.logs to tenancy_app',
    { name: 'log.logs', gap: OFF },
  ],
  'a partitioned table': [
    'create table logs (a int) partition by list (a); grant select on logs to tenancy_app',
    { name: 'logs', gap: OFF },
  ],
  'a table whose owner is exempt': [
    'alter table notes no force row level security',
    { name: 'notes', gap: EXEMPT },
  ],
  'a partitioned table whose owner is exempt': [
    'create table logs (tenant_id uuid) partition by list (tenant_id); alter table logs enable row level security; grant select on logs to tenancy_app',
    { name: 'logs', gap: EXEMPT },
  ],
  'a right to truncate': [
    'grant truncate on notes to tenancy_app',
    { name: 'notes', gap: TRUNCATE },
  ],
  'nothing but the right to truncate': [
    'create table logs (); alter table logs enable row level security, force row level security; grant truncate on logs to tenancy_app',
    { name: 'logs', gap: TRUNCATE },
  ],
  'a policy for all rows': [
    'create policy wrong on notes using (true)',
    { name: 'notes', gap: WRONG_POLICY },
  ],
  'a policy for any tenant': [
    'create policy wrong on notes using (current_tenant() is not null)',
    { name: 'notes', gap: WRONG_POLICY },
  ],
  'a policy for own rows or others': [
    'create policy wrong on notes using (tenant_id = (select current_tenant()) or id = 1)',
    { name: 'notes', gap: WRONG_POLICY },
  ],
  'a policy that compares another column': [
    'alter table notes add other uuid; create policy wrong on notes using (other = (select current_tenant()))',
    { name: 'notes', gap: WRONG_POLICY },
  ],
  'a policy that lets any row be written': [
    'create policy wrong on notes for insert with check (true)',
    { name: 'notes', gap: WRONG_POLICY },
  ],
  'a policy whose check lets any row be written': [
    'create policy wrong on notes using (tenant_id = (select current_tenant())) with check (true)',
    { name: 'notes', gap: WRONG_POLICY },
  ],
  'a policy for the role of the application alone': [
    'create policy wrong on notes to tenancy_app using (true)',
    { name: 'notes', gap: WRONG_POLICY },
  ],
  'a policy for another role': [
    'create policy every_note on notes to tenancy_owner using (true)',
  ],
  'a restrictive policy': [
    'create policy positive on notes as restrictive using (id > 0)',
  ],
  'a key of no tenant': [
    'create unique index emails on notes (email)',
    { name: 'emails', gap: WRONG_KEY },
  ],
  'a key that ends with the tenant': [
    'create unique index emails on notes (email, tenant_id)',
    { name: 'emails', gap: WRONG_KEY },
  ],
  'a key of an expression': [
    'create unique index emails on notes (lower(email))',
    { name: 'emails', gap: WRONG_KEY },
  ],
  'a primary key of no tenant': [
    'alter table notes add primary key (id)',
    { name: 'notes_pkey', gap: WRONG_KEY },
  ],
  'an exclusion that other tenants cause': [
    'alter table notes add constraint busy exclude using gist (during with &&)',
    { name: 'busy', gap: WRONG_KEY },
  ],
  'a view with the rights of its owner': [
    'create view sizes as select from notes; grant select on sizes to tenancy_app',
    { name: 'sizes', gap: 'a view without security_invoker=true' },
  ],
  'a view with other options': [
    'create view sizes with (security_invoker = false, security_barrier = true) as select from notes; grant select on sizes to tenancy_app',
    { name: 'sizes', gap: 'a view without security_invoker=true' },
  ],
  'a view with the rights of its reader': [
    'create view sizes with (security_barrier, security_invoker = true) as select from notes; grant select on sizes to tenancy_app',
  ],
  'a materialized view': [
    'create materialized view sizes as select from notes; grant select on sizes to tenancy_app',
    { name: 'sizes', gap: 'row-level security cannot protect it' },
  ],
  'a function with the rights of its owner': [
    'create function spy() returns int language sql security definer return 1',
    { name: 'spy()', gap: 'it runs with the rights of its owner' },
  ],
  'a function of a trigger, that nobody may execute': [
    `create function spy() returns trigger language plpgsql security definer
     as 'begin return null; end';
     revoke execute on function spy from public;
     create trigger spy after insert on notes execute function spy()`,
    { name: 'spy()', gap: 'it runs with the rights of its owner' },
  ],
};

/** The application may become `boss`, and has none of its rights until then. */
const BOSS = `
  create role boss;
  alter role tenancy_app noinherit;
  grant boss to tenancy_app;`;

/** What a superuser does, and the gaps that it opens. */
const GRANTS: Record<string, [sql: string, ...gaps: Gap[]]> = {
  'a role that it may become': [BOSS],
  'a table that it may read as another role, and one as both': [
    `${BOSS} create table logs (); grant select on logs to boss;
     create table more (); grant select on more to boss, tenancy_app`,
    { name: 'logs', gap: OFF },
    { name: 'more', gap: OFF },
  ],
  'a table that it may own as another role': [
    `${BOSS} alter table notes owner to boss`,
    { name: 'notes', gap: TRUNCATE },
    { name: 'notes', gap: 'this role owns it' },
  ],
  'a policy for another role that it may become': [
    `${BOSS} create policy wrong on notes to boss using (true)`,
    { name: 'notes', gap: WRONG_POLICY },
  ],
  'a function that it may call as another role': [
    `${BOSS} grant execute on function set_config to boss`,
    {
      name: 'set_config',
      gap: 'a query can reach other tenants with it',
    },
  ],
  'a role that reads the files of the server': [
    'grant pg_read_server_files to tenancy_app',
    {
      name: 'role pg_read_server_files',
      gap: 'policies do not bind it',
    },
  ],
  'a tenant where none is set': [
    `create or replace function current_tenant() returns uuid
       language sql return gen_random_uuid()`,
    {
      name: 'current_tenant()',
      gap: 'not null where no tenant is set',
    },
  ],
  'temporary tables': [
    `do $$ begin
       execute format('grant temporary on database %I to tenancy_app',
         current_database());
     end $$`,
    {
      name: 'temporary',
      gap: 'the next tenant can read temporary tables',
    },
  ],
  'a foreign table': [
    `create foreign data wrapper files;
     create server files foreign data wrapper files;
     create foreign table logs () server files;
     grant select on logs to tenancy_app`,
    { name: 'logs', gap: 'row-level security cannot protect it' },
  ],
  ...Object.fromEntries(
    [
      'set_config',
      'pg_cancel_backend',
      'pg_stat_get_activity',
      'pg_stat_get_backend_activity',
      'pg_terminate_backend',
    ].map((name): [string, [string, Gap]] => [
      `the function ${name}`,
      [
        `grant execute on function ${name} to tenancy_app`,
        { name, gap: 'a query can reach other tenants with it' },
      ],
    ]),
  ),
};

describe('what a migration gets wrong', () => {
  it('is found, and nothing else is', async () => {
    await using database = await startTestDatabase();
    await database.asOwner(NOTES);

    for (const [what, [sql, ...gaps]] of Object.entries(MIGRATIONS))
      expect
        .soft(await findGapsAfter(database, 'tenancy_owner', sql), what)
        .toEqual(gaps);
  });

  it('is found when a superuser does it', async () => {
    await using database = await startTestDatabase();
    await database.asOwner(NOTES);
    const { username } = new URL(database.adminUrl);

    for (const [what, [sql, ...gaps]] of Object.entries(GRANTS))
      expect
        .soft(await findGapsAfter(database, username, sql), what)
        .toEqual(gaps);
  });

  it('is a table of all tenants once a person has reviewed it, with its keys', async () => {
    await using database = await startTestDatabase();
    await database.asOwner(
      `create table countries (code text primary key);
       grant select on countries to tenancy_app`,
    );

    const gaps = await findIsolationGaps(database.pool, REVIEWED);
    const names = gaps.map(({ name }) => name);
    const reviewed = [...REVIEWED, 'countries'];

    expect(names).toEqual(['countries', 'countries_pkey']);
    expect(await findIsolationGaps(database.pool, reviewed)).toEqual(
      [],
    );
  });

  it('is not a gap when a person has reviewed it', async () => {
    await using database = await startTestDatabase();

    expect(await findIsolationGaps(database.pool, [])).toEqual([
      { name: 'api_keys_pkey', gap: WRONG_KEY },
      {
        name: 'find_tenant(bytea)',
        gap: 'it runs with the rights of its owner',
      },
    ]);
    expect(await requireIsolation(database.pool, REVIEWED)).toBe(
      undefined,
    );
    await expect(requireIsolation(database.pool, [])).rejects.toThrow(
      /^tenants are not kept apart:\n {2}api_keys_pkey: a key .*\n {2}find_tenant\(bytea\): it runs/,
    );
  });
});

describe('a role that policies do not bind', () => {
  const attributes = [
    'superuser',
    'bypassrls',
    'replication',
    'createrole',
  ];

  it('is found, whether the program logs in as it or may become it', async () => {
    await using database = await startTestDatabase();
    const name = `spy_${randomBytes(6).toString('hex')}`;
    const password = randomBytes(16).toString('hex');
    const url = Object.assign(new URL(database.appUrl), {
      username: name,
      password,
    });
    await database.asAdmin(`
      create role ${name} login password '${password}';
      create role ${name}_boss;
      grant tenancy_app to ${name}`);
    await using spy = openPool(url.href, { max: 1 });
    const gaps = async () => {
      const found = await findIsolationGaps(spy.pool, REVIEWED);
      return found.filter(({ gap }) => gap.includes('do not bind'));
    };

    try {
      expect(await gaps()).toEqual([]);
      await database.asAdmin(`grant ${name}_boss to ${name}`);
      for (const role of [name, `${name}_boss`])
        for (const attribute of attributes) {
          await database.asAdmin(`alter role ${role} ${attribute}`);
          expect(await gaps(), attribute).toContainEqual({
            name: `role ${role}`,
            gap: 'policies do not bind it',
          });
          await database.asAdmin(`alter role ${role} no${attribute}`);
          expect(await gaps(), attribute).toEqual([]);
        }
    } finally {
      await database.asAdmin(`drop role ${name}_boss, ${name}`);
    }
  });
});

it('a view or a function with the rights of a superuser shows all tenants, and is found', async () => {
  await using database = await startTwoTenants();
  const seeSizes = () =>
    database.inTenant(database.acme, async ({ query }) => {
      const { rows } = await query('select slug from project_sizes');
      return rows;
    });
  expect(await findIsolationGaps(database.pool, REVIEWED)).toEqual([]);
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
      gap: 'a view without security_invoker=true',
    },
  ]);

  await database.asAdmin(
    'alter view project_sizes set (security_invoker = true)',
  );
  expect(await seeSizes()).toEqual([{ slug: 'acme' }]);
});

/** In a transaction that is rolled back, so that each mistake is alone. */
async function findGapsAfter(
  { adminUrl }: TestDatabase,
  role: string,
  sql: string,
): Promise<Gap[]> {
  await using admin = openPool(adminUrl, { max: 1 });
  const { pool: superuser } = admin;
  await superuser.query(`begin; set local role ${role}; ${sql}`);
  await superuser.query('set session authorization tenancy_app');
  const gaps = await findIsolationGaps(superuser, REVIEWED);
  await superuser.query('rollback; reset session authorization');
  return gaps;
}
