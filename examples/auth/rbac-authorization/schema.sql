create table users (
  id uuid primary key default gen_random_uuid()
);

-- #region memberships
create table organisations (
  id uuid primary key default gen_random_uuid()
);

create table memberships (
  org_id uuid not null references organisations on delete cascade,
  -- Not `cascade`: it could delete the last owner.
  user_id uuid not null references users,
  role text not null
    check (role in ('viewer', 'member', 'admin', 'owner')),
  primary key (org_id, user_id)
);
create index memberships_of_a_user on memberships (user_id);
-- #endregion memberships

create table contracts (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references organisations on delete cascade,
  title text not null check (length(title) between 1 and 200),
  price_cents bigint check (price_cents >= 0)
);
create index contracts_of_an_organisation on contracts (org_id, id);
