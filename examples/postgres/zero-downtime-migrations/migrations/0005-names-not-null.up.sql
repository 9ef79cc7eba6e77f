-- #region names-not-null
-- The valid check proves it: Postgres reads no row. It may stay.
alter table users
  alter column given_name set not null,
  alter column family_name set not null;
-- #endregion names-not-null
