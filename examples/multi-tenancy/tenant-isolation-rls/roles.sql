-- Run by an administrator in the new database; a second time changes
-- nothing.

-- One role migrates and owns the tables; the application never logs in
-- as it. Neither is superuser, neither has BYPASSRLS.
do $$
begin
  create role tenancy_owner login;
  create role tenancy_app login;
exception
  when duplicate_object then null; -- roles are the whole server's
end
$$;

grant create on schema public to tenancy_owner;

-- #region no-set-config
-- What remains is SET LOCAL: a statement, so no part of a query.
revoke execute on function set_config from public;
-- #endregion no-set-config
