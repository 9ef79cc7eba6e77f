import type { Pool } from 'pg';

/** A place where this role could see or change what is not its tenant's. */
export type Gap = { name: string; gap: string };

/** Lists them, for the role that the pool logs in as; `reviewed` names functions that may cross tenants. */
export async function findIsolationGaps(
  pool: Pool,
  reviewed: readonly string[] = [],
): Promise<Gap[]> {
  const { rows } = await pool.query<Gap>(
    `${RELATIONS} union all ${RIGHTS} order by name, gap`,
    [reviewed],
  );
  return rows;
}

// #region relation-gaps
const RELATIONS = `
  select relation.oid::regclass::text as name, gap
  from pg_class relation
  cross join lateral (values
    ('a view with the rights of its owner', relkind = 'v'
      and not exists (
        select from pg_options_to_table(reloptions)
        where option_name = 'security_invoker' and option_value::bool
      )),
    ('row-level security cannot protect it', relkind in ('m', 'f')),
    ('row-level security is off',
      relkind in ('r', 'p') and not relrowsecurity),
    ('its owner is exempt',
      relrowsecurity and not relforcerowsecurity),
    ('this role owns it', pg_has_role(relowner, 'member')),
    ('truncate asks no policy',
      has_table_privilege(relation.oid, 'truncate')),
    ('a policy that does not ask for the tenant', exists (
      select from pg_policy policy
      cross join lateral (values (polqual), (polwithcheck)) part (tree)
      join pg_roles role on role.oid = any(polroles) or polroles = '{0}'
      where polrelid = relation.oid
        and polpermissive
        and pg_has_role(role.oid, 'member')
        and pg_get_expr(tree, polrelid) not like '%current_tenant()%'
    ))
  ) finding (gap, is_found)
  where is_found
    and relkind in ('r', 'p', 'v', 'm', 'f')
    and relnamespace <> all(array[
      'pg_catalog', 'information_schema']::regnamespace[])
    and (has_table_privilege(relation.oid,
        'select, insert, update, delete, truncate')
      or has_any_column_privilege(relation.oid,
        'select, insert, update'))`;
// #endregion relation-gaps

const RIGHTS = `
  select 'role ' || rolname, 'policies do not bind it'
  from pg_roles
  where rolname = current_user and (rolsuper or rolbypassrls)
  union all
  select 'set_config', 'a query can change the tenant'
  where has_function_privilege('set_config(text,text,bool)', 'execute')
  union all
  select oid::regprocedure::text, 'it runs with the rights of its owner'
  from pg_proc
  where prosecdef
    and pronamespace <> 'pg_catalog'::regnamespace
    and has_function_privilege(oid, 'execute')
    and oid::regprocedure::text <> all($1)`;
