create table users (
  id uuid primary key default gen_random_uuid(),
  email text not null unique check (email = lower(email)),
  suspended_at timestamptz
);

-- #region issued-keys
create table issued_keys (
  id uuid primary key default gen_random_uuid(),
  -- A key itself cannot be stored.
  key_hash bytea not null unique check (length(key_hash) = 32),
  owner_id uuid not null references users on delete cascade,
  -- No reference: it says who it was when they are gone.
  created_by uuid not null,
  name text not null check (length(name) between 1 and 100),
  start text not null check (length(start) <= 32),
  -- All that it may do: there is no word for "everything".
  scopes text[] not null check (cardinality(scopes) > 0),
  replaces uuid,
  created_at timestamptz not null default now(),
  ends_at timestamptz not null,
  revoked_at timestamptz,
  -- In no index, so that a touch changes none: a HOT update.
  used_at timestamptz
) with (fillfactor = 80);

create index keys_of_owner on issued_keys (owner_id, revoked_at);
create index ended_keys on issued_keys (least(ends_at, revoked_at));
-- #endregion issued-keys
