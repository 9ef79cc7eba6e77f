create table users (
  id uuid primary key default gen_random_uuid(),
  email text not null unique check (email = lower(email))
);

-- Not a column of users: a `select *` for a profile must not read it.
-- #region password-hashes
create table password_hashes (
  user_id uuid primary key references users on delete cascade,
  -- A password that nothing hashed cannot be stored.
  hash text not null check (hash ~ '^\$(argon2id|2[aby])\$.{50,}$')
);
-- #endregion password-hashes
