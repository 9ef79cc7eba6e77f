import type { TestDatabase } from './test-app.ts';

const ROWS = 100_000;

/** Fills tables with the same rows: with and without a policy, with each index, and in a schema for each tenant. */
export async function fillTables(
  database: TestDatabase,
  tenants: number,
): Promise<string[]> {
  const { asAdmin } = database;
  await asAdmin(`
    insert into tenants (id, name)
    select gen_random_uuid(), '' from generate_series(1, ${tenants});
    insert into projects (tenant_id, slug, name, created_at)
    select id, 'p' || n, 'Project ' || n, now() - random() * interval '1 year'
    from generate_series(1, ${ROWS / tenants}) n, tenants`);
  await copyTable(
    database,
    'projects_by_hand',
    'tenant_id, created_at desc',
  );
  await copyTable(database, 'projects_by_time', 'created_at desc');
  await copyTable(database, 'projects_by_tenant', 'tenant_id');
  for (const table of ['projects_by_time', 'projects_by_tenant'])
    await asAdmin(`
      alter table ${table} enable row level security;
      create policy own_rows on ${table}
        using (tenant_id = (select current_tenant()))`);
  await asAdmin('vacuum analyze');
  const { rows } = await asAdmin('select id from tenants');
  const ids = rows.map(({ id }) => `${id}`);
  await makeSchemas(database, ids);
  return ids;
}

/** The schema of a tenant, where each has one. */
export const schemaOf = (tenantId: string): string =>
  `tenant_${tenantId.replaceAll('-', '_')}`;

async function copyTable(
  { asAdmin }: TestDatabase,
  table: string,
  index: string,
) {
  await asAdmin(`
    create table ${table} (like projects including defaults);
    insert into ${table} select * from projects;
    alter table ${table} add primary key (id);
    create index on ${table} (${index});
    grant select on ${table} to tenancy_app`);
}

/** In batches: a transaction locks each table that it makes. */
async function makeSchemas({ asAdmin }: TestDatabase, ids: string[]) {
  const batches = ids.length / 200;
  for (let batch = 0; batch < batches; batch++) {
    const some = ids.slice(batch * 200, (batch + 1) * 200);
    await asAdmin(some.map(makeSchema).join(';'));
  }
}

function makeSchema(tenantId: string): string {
  const schema = schemaOf(tenantId);
  return `
    create schema ${schema};
    grant usage on schema ${schema} to tenancy_app;
    create table ${schema}.projects as
      select id, slug, name, created_at from public.projects
      where tenant_id = '${tenantId}';
    create index on ${schema}.projects (created_at desc);
    grant select on ${schema}.projects to tenancy_app`;
}
