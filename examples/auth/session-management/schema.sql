create table users (
  id uuid primary key default gen_random_uuid(),
  email text not null unique check (email = lower(email))
);

-- #region sessions
create table sessions (
  id uuid primary key default gen_random_uuid(),
  -- A token itself cannot be stored.
  token_hash bytea not null unique check (length(token_hash) = 32),
  user_id uuid not null references users on delete cascade,
  device text not null check (length(device) <= 200),
  data jsonb not null check (jsonb_typeof(data) = 'object'),
  created_at timestamptz not null default now(),
  -- In no index, so that a touch changes none: a HOT update.
  used_at timestamptz not null default now(),
  ends_at timestamptz not null
) with (fillfactor = 80);

create index sessions_of_a_user on sessions (user_id);
create index sessions_by_end on sessions (ends_at);
-- #endregion sessions
