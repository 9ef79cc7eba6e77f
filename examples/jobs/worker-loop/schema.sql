-- #region sites
create table sites (
  id bigint generated always as identity primary key,
  url text not null unique,
  -- When the next check is due, or the lease of a check ends.
  due_at timestamptz not null default now(),
  -- The fencing token: a check that lost its lease has an old one.
  claims int not null default 0,
  answer text,
  checked_at timestamptz
);

create index sites_in_turn on sites (due_at);
-- #endregion sites
