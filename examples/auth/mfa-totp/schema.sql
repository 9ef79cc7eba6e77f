-- #region totp-factors
-- All of a user's second factor is one row: one update decides.
create table totp_factors (
  user_id uuid primary key references users on delete cascade,
  -- Encrypted: a secret itself cannot be stored.
  secret text check (secret ~ '^[\w-]{8}\.[\w-]{80}$'),
  last_step bigint not null default 0,
  failures integer not null default 0,
  free_at timestamptz not null default '-infinity',
  recovery_hashes bytea[] not null default '{}',
  -- A new secret, until its first code is confirmed.
  pending text check (pending ~ '^[\w-]{8}\.[\w-]{80}$'),
  pending_until timestamptz,
  check ((pending is null) = (pending_until is null))
);
-- #endregion totp-factors

-- Wrong codes by the network that they came from.
create table totp_networks (
  network cidr primary key,
  failures integer not null,
  ends_at timestamptz not null
);

create index totp_networks_by_end on totp_networks (ends_at);
