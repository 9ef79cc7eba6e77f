-- A row is a migration that is applied, and the text that it had.
create table migrations (
  name text primary key,
  checksum text not null,
  applied_at timestamptz not null default now()
);

-- A row is a backfill under way: it resumes after its last key. When
-- its file is edited, it begins again.
create table backfills (
  name text,
  checksum text,
  last_key text,
  primary key (name, checksum)
);

-- A contract asks this first. A release connects under its own
-- `application_name`, of which Postgres keeps 63 bytes, as of a `name`.
create function require_stopped(release text) returns void
language plpgsql as $$
begin
  if exists (
    select
    from pg_stat_activity
    where datname = current_database()
      and application_name = release::name
  ) then
    raise exception 'the release % is connected: stop it first', release
      using errcode = 'object_in_use';
  end if;
end $$;
