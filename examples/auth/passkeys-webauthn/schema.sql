-- #region passkeys
create table passkeys (
  -- The credential ID in base64url: at most 1023 bytes.
  id text primary key
    check (id ~ '^[\w-]+$' and length(id) <= 1364),
  user_id uuid not null references users on delete cascade,
  name text not null check (length(name) between 1 and 100),
  public_key bytea not null,
  -- 0 for ever when the authenticator does not count.
  counter bigint not null check (counter >= 0),
  backup_eligible boolean not null,
  backed_up boolean not null check (backup_eligible or not backed_up),
  created_at timestamptz not null default now(),
  used_at timestamptz
);
create index passkeys_of_a_user on passkeys (user_id);

create table passkey_challenges (
  challenge text primary key,
  -- SHA-256 of the ceremony, and of the browser or session that asked.
  asked_by bytea not null check (length(asked_by) = 32),
  expires_at timestamptz not null
);
create index passkey_challenges_by_end
  on passkey_challenges (expires_at);
-- #endregion passkeys
