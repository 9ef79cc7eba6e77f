-- Live is the candidate of the newest trial that is promoted.
create table model_trials (
  id integer generated always as identity primary key,
  model text not null,
  candidate text not null,
  share double precision not null -- of the users; 0: in the shadow
    check (share between 0 and 0.5),
  state text not null default 'running'
    check (state in ('running', 'promoted', 'ended')),
  changed_by text not null,
  reason text not null,
  started_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);

create unique index one_trial_at_a_time on model_trials (model)
  where state = 'running';
-- Each trial of a version as a canary would spend alpha again.
create unique index one_canary_of_a_version
  on model_trials (model, candidate)
  where share > 0;
-- A user counts once in a trial, with the arm and the share of then,
-- and once more if a version fails them.
create table trial_users (
  trial integer references model_trials,
  user_key text,
  failed boolean,
  arm text not null check (arm in ('live', 'canary', 'shadow')),
  share double precision not null,
  prediction_id uuid not null,
  -- What the version of the arm says; null without an answer, and
  -- empty when the client did not wait for it.
  label text,
  shown text, -- beside a shadow: what the user was told
  met_at timestamptz not null default now(),
  primary key (trial, user_key, failed)
);

-- Not a foreign key: an outcome may arrive before its prediction is
-- written, on another server.
create table trial_outcomes (
  prediction_id uuid primary key,
  truth text not null,
  told_at timestamptz not null default now()
);

create index trial_users_by_age on trial_users (met_at);
create index trial_outcomes_by_age on trial_outcomes (told_at);
