-- #region model-stages
-- The newest row of a model says what runs. A change adds the next
-- row: of two operators at once, the primary key lets one through.
create table model_stages (
  model text not null,
  revision integer not null check (revision > 0),
  live text not null,
  -- Where a rollback goes, the latest last. A version that was rolled
  -- back is not among them.
  earlier text[] not null check (live <> all (earlier)),
  candidate text check (candidate <> live),
  trial integer, -- the revision in which the shadow or canary began
  share double precision check (share between 0 and 0.5), -- 0: shadow
  changed_by text not null,
  reason text not null,
  changed_at timestamptz not null default now(),
  primary key (model, revision),
  check (num_nulls(candidate, trial, share) in (0, 3))
);
-- #endregion model-stages

-- #region trial-users
-- A user counts once in a trial, with the arm and the share of then.
create table trial_users (
  model text not null,
  trial integer not null,
  user_key text not null,
  arm text not null check (arm in ('live', 'canary', 'shadow')),
  share double precision not null,
  prediction_id uuid not null unique,
  label text, -- what the version of the arm says; null without answer
  shown text, -- beside a shadow: what the user was told
  failed boolean not null,
  met_at timestamptz not null default now(),
  primary key (model, trial, user_key),
  foreign key (model, trial) references model_stages (model, revision)
);

-- Not a foreign key: an outcome may arrive before its prediction is
-- written, on another server.
create table trial_outcomes (
  prediction_id uuid primary key,
  truth text not null,
  told_at timestamptz not null default now()
);
-- #endregion trial-users

create index trial_users_by_age on trial_users (met_at);
create index trial_outcomes_by_age on trial_outcomes (told_at);
