-- #region jobs
-- A row is work to be done: a job that succeeded is gone.
create table jobs (
  id bigint generated always as identity primary key,
  kind text not null,
  payload jsonb not null,
  unique_key text,
  priority smallint not null check (priority between 0 and 9),
  -- The end of a delay, of a pause before a retry, or of a lease.
  due_at timestamptz not null,
  attempts int not null default 0,
  max_attempts int not null check (max_attempts > 0),
  last_error text,
  created_at timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0.01);

create index jobs_in_turn on jobs (priority, due_at);
-- Among jobs that have not begun: a change during a run is not lost.
create unique index one_waiting_job_a_key
  on jobs (unique_key)
  where attempts = 0;
-- #endregion jobs

create table dead_jobs (
  like jobs,
  died_at timestamptz not null default now(),
  primary key (id)
);

-- What the example has jobs for: each order gets one invoice.
create table orders (
  id bigint generated always as identity primary key,
  customer text not null,
  cents int not null check (cents > 0)
);

create table invoices (
  number bigint generated always as identity primary key,
  order_id bigint not null references orders,
  cents int not null
);
