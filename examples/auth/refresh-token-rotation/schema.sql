create table users (
  id uuid primary key default gen_random_uuid(),
  email text not null unique check (email = lower(email))
);

-- One row a login: a phone, a browser, a command line.
-- #region families
create table refresh_families (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users on delete cascade,
  expires_at timestamptz not null,
  ended_at timestamptz,
  end_reason text
    check (end_reason in ('logout', 'reuse', 'late_retry')),
  check ((ended_at is null) = (end_reason is null))
);

create table refresh_tokens (
  hash bytea primary key check (length(hash) = 32),
  family_id uuid not null references refresh_families on delete cascade,
  expires_at timestamptz not null,
  spent_at timestamptz
);

-- A family has one token that works: no code path can fork it.
create unique index one_unspent_token_in_a_family
  on refresh_tokens (family_id)
  where spent_at is null;
-- #endregion families

create index families_of_a_user on refresh_families (user_id);
create index tokens_of_a_family on refresh_tokens (family_id);

-- For deleteExpired.
create index families_by_end on refresh_families (expires_at);
create index tokens_by_end on refresh_tokens (expires_at);
