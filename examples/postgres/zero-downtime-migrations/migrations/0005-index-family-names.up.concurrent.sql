-- #region rebuild-index
-- A build that failed leaves an invalid index: no query reads it, and
-- each write pays for it.
drop index concurrently if exists users_by_family_name;
create index concurrently users_by_family_name
  on users (family_name, given_name);
-- #endregion rebuild-index
