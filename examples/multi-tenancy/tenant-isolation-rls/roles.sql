-- Run by a superuser in the new database, before the schema. Roles are
-- the whole server's, so a second time changes nothing.
do $$
begin
  create role tenancy_owner login;
  create role tenancy_app login;
  create role tenancy_maintenance login;
exception when duplicate_object then null;
end
$$;

-- #region roles
-- tenancy_app: the program. It owns nothing, and policies bind it.

-- tenancy_owner: migrations of the schema. Policies bind it too.
revoke create on schema public from public;
grant create on schema public to tenancy_owner;
-- Without this setting, its data migration would change zero rows and
-- its new foreign key would check zero rows, both without an error.
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
grant execute on function set_config to tenancy_owner;

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

-- No policy protects a temporary table, and it outlives its tenant.
do $$
begin
  execute format('revoke temporary on database %I from public',
    current_database());
end
$$;
-- #endregion no-reach
