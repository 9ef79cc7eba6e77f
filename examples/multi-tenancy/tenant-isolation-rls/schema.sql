-- Applied by tenancy_owner, never by a superuser: a function of a
-- superuser would bypass every policy.

-- #region current-tenant
-- Null when no tenant is set, and null is equal to no tenant. Stable,
-- not immutable: a kept plan asks again at each execution.
create function current_tenant() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('app.tenant_id', true), '')::uuid;
-- #endregion current-tenant

create table tenants (
  id uuid primary key,
  name text not null
);

create table api_keys (
  hash bytea primary key check (length(hash) = 32),
  tenant_id uuid not null default current_tenant()
    references tenants on delete cascade
);
create index api_keys_of_a_tenant on api_keys (tenant_id);

-- #region keys
-- Every key begins with the tenant, so that no query can probe it for
-- what other tenants have, and no reference crosses tenants.
create table projects (
  tenant_id uuid not null default current_tenant()
    references tenants on delete cascade,
  id uuid not null default gen_random_uuid(),
  slug text not null,
  name text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, slug)
);

create table tasks (
  tenant_id uuid not null default current_tenant(),
  id uuid not null default gen_random_uuid(),
  project_id uuid not null,
  title text not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, project_id)
    references projects on delete cascade
);
-- #endregion keys

-- #region indexes
-- The policy asks for the tenant first, so the index begins with it.
create index newest_projects on projects (tenant_id, created_at desc);
create index tasks_of_a_project on tasks (tenant_id, project_id);
-- #endregion indexes

-- #region policies
alter table tenants
  enable row level security, force row level security;
create policy own_row on tenants
  using (id = (select current_tenant()));

-- The subselect runs once a query, not once a row. Without a `with
-- check`, `using` holds for the rows that are written too.
alter table projects
  enable row level security, force row level security;
create policy own_rows on projects
  using (tenant_id = (select current_tenant()));
-- #endregion policies

alter table tasks
  enable row level security, force row level security;
create policy own_rows on tasks
  using (tenant_id = (select current_tenant()));

alter table api_keys
  enable row level security, force row level security;
create policy own_rows on api_keys
  using (tenant_id = (select current_tenant()));

-- The one question that is asked before the tenant is known.
-- `row_security` is off for the owner, who creates the function.
create policy every_key on api_keys
  for select to tenancy_owner using (true);
create function find_tenant(key_hash bytea) returns uuid
  language sql stable security definer
  set search_path = '' set row_security = on
  return (select tenant_id from public.api_keys where hash = key_hash);

-- Without this option a view reads with the rights of its owner.
create view project_sizes with (security_invoker = true) as
select project.id, project.slug, project.name, project.created_at,
       count(task.id)::int as tasks
from projects project
left join tasks task
  on task.tenant_id = project.tenant_id and task.project_id = project.id
group by project.tenant_id, project.id;

-- Table by table: what is not granted here is out of reach.
grant select, insert, update, delete
  on projects, tasks to tenancy_app;
grant select, insert on tenants to tenancy_app;
grant insert on api_keys to tenancy_app;
grant select on project_sizes to tenancy_app;
