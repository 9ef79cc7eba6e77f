-- #region totp-factors
-- All of a user's second factor is one row: one update decides.
create table totp_factors (
  user_id uuid primary key references users on delete cascade,
  -- New with each new secret: a proof counts for one of them alone.
  id text not null,
  -- Encrypted: a secret itself cannot be stored.
  secret text not null check (secret ~ '^[\w-]{8}\.[\w-]{80}$'),
  last_step bigint not null,
  failures integer not null default 0,
  free_at timestamptz not null default '-infinity',
  recovery_hashes bytea[] not null
);
-- #endregion totp-factors

-- Wrong codes by the network that they came from, in one hour.
create table totp_networks (
  network cidr,
  ends_at timestamptz,
  failures integer not null,
  primary key (network, ends_at)
);
