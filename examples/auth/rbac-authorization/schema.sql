create table users (
  id uuid primary key default gen_random_uuid()
);

-- #region memberships
create table organisations (
  id uuid primary key default gen_random_uuid()
);

create table memberships (
  org_id uuid not null references organisations on delete cascade,
  user_id uuid not null references users on delete cascade,
  role text not null
    check (role in ('viewer', 'member', 'admin', 'owner')),
  primary key (org_id, user_id)
);
-- #endregion memberships

create table projects (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references organisations on delete cascade,
  name text not null
);
create index projects_of_an_organisation on projects (org_id);
