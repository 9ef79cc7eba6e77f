-- #region registry
-- The bytes lie beside their checksum: both commit, or neither does.
create table model_versions (
  model text not null check (model ~ '^[a-z0-9-]{1,64}$'),
  version text not null check (version ~ '^[A-Za-z0-9.-]{1,64}$'),
  card jsonb not null,
  bytes bytea not null,
  sha256 bytea not null,
  registered_by text not null,
  registered_at timestamptz not null default now(),
  primary key (model, version),
  constraint bytes_are_whole check (sha256 = sha256(bytes))
);

-- The newest row of a model says what runs: a change is one more row,
-- and of two operators the key lets one through.
create table model_stages (
  model text not null,
  revision bigint not null check (revision > 0),
  stage text not null check (stage in ('live', 'shadow', 'canary')),
  live text not null,
  candidate text check (candidate <> live),
  share double precision check (share > 0 and share <= 0.5),
  trial bigint, -- the revision in which the candidate began
  changed_by text not null,
  reason text not null,
  changed_at timestamptz not null default now(),
  primary key (model, revision),
  foreign key (model, live) references model_versions,
  foreign key (model, candidate) references model_versions,
  check ((candidate is null) = (stage = 'live')),
  check ((trial is null) = (stage = 'live')),
  check ((share is null) = (stage <> 'canary'))
);
-- #endregion registry

create function refuse_change() returns trigger
language plpgsql as $$
begin
  raise exception '% is written once', tg_table_name;
end
$$;

create trigger model_versions_are_kept
  before update or delete on model_versions
  for each statement execute function refuse_change();
create trigger model_stages_are_kept
  before update or delete on model_stages
  for each statement execute function refuse_change();

-- What was answered, and what turned out to be true.
create table predictions (
  id uuid primary key,
  model text not null,
  version text not null, -- the one that had to answer
  label text, -- null when nobody could answer
  failed boolean not null, -- the version threw, or was too slow
  truth text,
  made_at timestamptz not null default now(),
  foreign key (model, version) references model_versions
);

-- #region one-user-one-row
-- A user counts once in a trial, with the arm and the share of then.
create table trial_users (
  model text not null,
  trial bigint not null,
  user_id text not null,
  arm text not null check (arm in ('live', 'canary')),
  share double precision not null,
  prediction_id uuid not null unique references predictions,
  primary key (model, trial, user_id)
);
-- #endregion one-user-one-row

create table shadow_answers (
  prediction_id uuid primary key,
  model text not null,
  trial bigint not null,
  label text, -- null when it failed
  foreign key (model, trial) references model_stages (model, revision)
);

create index shadow_answers_of_a_trial on shadow_answers (model, trial);
