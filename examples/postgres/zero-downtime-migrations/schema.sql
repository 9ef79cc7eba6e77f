-- What the old version of the application lives on.
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

-- A row is a backfill under way: it goes on behind its last key.
create table backfills (
  name text primary key,
  last_key text,
  rows bigint not null default 0
);
