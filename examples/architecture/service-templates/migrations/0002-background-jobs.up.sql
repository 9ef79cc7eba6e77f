-- A row is work to be done: a job that succeeded is gone.
create table jobs (
  id bigint generated always as identity primary key,
  kind text not null,
  payload jsonb not null,
  unique_key text,
  -- The end of a delay, of a pause before a retry, or of a lease.
  due_at timestamptz not null,
  attempts int not null default 0,
  max_attempts int not null check (max_attempts > 0),
  last_error text,
  created_at timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0.01);

-- A backlog of one kind does not slow down the claims of another.
create index jobs_in_turn on jobs (kind, due_at);

-- Among jobs that have not begun: a change during a run is not lost.
create unique index one_waiting_job_a_key
  on jobs (kind, unique_key)
  where attempts = 0;

create table dead_jobs (
  id bigint primary key,
  kind text not null,
  payload jsonb not null,
  unique_key text,
  attempts int not null,
  max_attempts int not null,
  last_error text not null,
  created_at timestamptz not null,
  died_at timestamptz not null default now()
);

create index dead_jobs_by_age on dead_jobs (died_at);
