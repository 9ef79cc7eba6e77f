-- Run by a superuser in the new database, before the schema. Roles are
-- the whole server's, so a second time changes nothing.
do $$
declare
  name text;
begin
  foreach name in array array[
    'tenancy_owner', 'tenancy_app', 'tenancy_maintenance'] loop
    if to_regrole(name) is null then
      execute format('create role %I login', name);
    end if;
  end loop;
end
$$;

-- #region roles
-- tenancy_app: the program. It owns nothing, and policies bind it.

-- tenancy_owner: migrations of the schema. Policies bind it too.
-- Without this setting, its data migration would change zero rows and
-- its new foreign key would check zero rows, both without an error.
grant create on schema public to tenancy_owner;
alter role tenancy_owner set row_security = off;

-- tenancy_maintenance: data migrations, validation of foreign keys,
-- dumps, and jobs for all tenants. It has the rights of the owner.
alter role tenancy_maintenance bypassrls;
grant tenancy_owner to tenancy_maintenance;
-- #endregion roles

-- #region no-reach
-- A query can change the tenant only with this function: SET LOCAL is a
-- statement. pg_dump needs the function.
revoke execute on function set_config from public;
grant execute on function set_config
  to tenancy_owner, tenancy_maintenance;

-- All tenants share one role, so a query could read the queries of
-- other tenants and end them.
revoke execute on function
  pg_stat_get_activity, pg_stat_get_backend_activity,
  pg_cancel_backend, pg_terminate_backend
  from public;
grant execute on function
  pg_stat_get_activity, pg_stat_get_backend_activity
  to pg_monitor;
grant execute on function pg_cancel_backend, pg_terminate_backend
  to pg_signal_backend;
-- #endregion no-reach
