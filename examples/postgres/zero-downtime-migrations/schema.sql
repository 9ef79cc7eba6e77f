-- What the old release lives on.
create table users (
  id bigint generated always as identity primary key,
  full_name text not null,
  created_at timestamptz not null default now()
);

-- A row is a migration that is applied, and the text that it had.
create table migrations (
  name text primary key,
  checksum text not null check (length(checksum) = 64),
  applied_at timestamptz not null default now()
);

-- A row is a backfill under way: it resumes after its last key.
create table backfills (
  name text primary key,
  last_key text,
  rows bigint not null default 0
);

-- #region require-stopped
-- A contract asks this first. A release connects under its own
-- `application_name`; without a connection it is not seen.
create function require_stopped(release text) returns void
language plpgsql as $$
begin
  if exists (
    select
    from pg_stat_activity
    where datname = current_database()
      and application_name = release
  ) then
    raise exception 'the release % is connected: stop it first', release
      using errcode = 'object_in_use';
  end if;
end $$;
-- #endregion require-stopped
