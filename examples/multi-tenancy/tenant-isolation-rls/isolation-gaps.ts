import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';

/** A place where this role could see or change what is not its tenant's. */
export type Gap = { name: string; gap: string };

/** Throws with a list of the gaps; call it before the program listens. */
export async function requireIsolation(
  db: Queryable,
  reviewed: readonly string[],
): Promise<void> {
  const gaps = await findIsolationGaps(db, reviewed);
  if (gaps.length === 0) return;
  const list = gaps.map(({ name, gap }) => `  ${name}: ${gap}`);
  throw new Error(`tenants are not kept apart:\n${list.join('\n')}`);
}

/** Lists the gaps of the role that `db` logs in as; `reviewed` names what may cross tenants, a table with all its keys. */
export async function findIsolationGaps(
  db: Queryable,
  reviewed: readonly string[],
): Promise<Gap[]> {
  const { rows } = await db.query<Gap>(
    `with mine as ( -- this role, and those that it may become
       select * from pg_roles where pg_has_role(oid, 'member')
     ), reachable as (${REACHABLE})
     select name, gap
     from (${TABLES} union ${KEYS} union ${RIGHTS}) found
     where name <> all ($1)
     order by name, gap`,
    [reviewed],
  );
  return rows;
}

/** What they have rights on, and the column that says whose a row is. */
const REACHABLE = `
  select pg_class.*, mine.oid as role, case pg_class.oid
      when to_regclass('tenants') then 'id' else 'tenant_id'
    end as tenant
  from pg_class
  cross join mine
  where relkind in ('r', 'p', 'v', 'm', 'f')
    and relnamespace <> all (array[
      'pg_catalog', 'information_schema']::regnamespace[])
    and (has_table_privilege(mine.oid, pg_class.oid, 'delete, truncate')
      or has_any_column_privilege(mine.oid, pg_class.oid,
        'select, insert, update'))`;

// #region table-gaps
const TABLES = `
  select oid::regclass::text as name, gap
  from reachable
  cross join lateral (values
    ('a view without security_invoker=true', relkind = 'v' and
      'security_invoker=true' <> all (coalesce(reloptions, '{}'))),
    ('row-level security cannot protect it', relkind in ('m', 'f')),
    ('row-level security is off',
      relkind in ('r', 'p') and not relrowsecurity),
    ('its owner is exempt',
      relrowsecurity and not relforcerowsecurity),
    ('this role owns it', relowner = role),
    ('it may be truncated', has_table_privilege(role, oid, 'truncate')),
    ('a policy that is not tenant = (select current_tenant())', exists (
      select from pg_policy
      cross join lateral (values (polqual), (polwithcheck)) part (tree)
      where polrelid = reachable.oid
        and polpermissive -- role 0 is everyone
        and polroles && array(select 0 union select oid from mine)
        and pg_get_expr(tree, polrelid) <> '(' || tenant
          || ' = ( SELECT current_tenant() AS current_tenant))'
    ))
  ) finding (gap, is_found)
  where is_found`;
// #endregion table-gaps

const KEYS = `
  select indexrelid::regclass::text, 'a key that does not begin with the tenant'
  from reachable
  join pg_index on indrelid = oid
  left join pg_attribute on attrelid = oid and attnum = indkey[0]
  where (indisunique or indisexclusion)
    and indrelid::regclass::text <> all ($1)
    and attname is distinct from tenant`;

/** A trigger runs its function even for a role that may not execute it. */
const RIGHTS = `
  select 'role ' || rolname, 'policies do not bind it'
  from mine
  where rolsuper or rolbypassrls or rolreplication or rolcreaterole
    or rolname ~ '^pg_.*_server_'
  union
  select 'current_tenant()', 'not null where no tenant is set'
  where current_tenant() is not null
  union
  select 'temporary', 'the next tenant can read temporary tables'
  from mine
  where has_database_privilege(oid, current_database(), 'temporary')
  union
  select proname, 'a query can reach other tenants with it'
  from pg_proc
  cross join mine
  where proname in ('set_config', 'pg_stat_get_activity',
      'pg_stat_get_backend_activity', 'pg_cancel_backend',
      'pg_terminate_backend')
    and has_function_privilege(mine.oid, pg_proc.oid, 'execute')
  union
  select oid::regprocedure::text, 'it runs with the rights of its owner'
  from pg_proc
  where prosecdef`;
