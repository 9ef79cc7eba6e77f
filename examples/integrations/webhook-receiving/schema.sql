-- #region inbox
-- What senders sent: each event once, as the bytes that were signed.
create table webhook_events (
  source text not null,
  id text not null check (length(id) between 1 and 255),
  body bytea not null,
  received_at timestamptz not null,
  due_at timestamptz not null,
  processed_at timestamptz,
  -- None left and not processed: a dead letter.
  attempts_left integer not null check (attempts_left >= 0),
  last_error text,
  primary key (source, id)
);

-- The worker's look-up stays small, however many events are kept.
create index due_webhook_events on webhook_events (due_at)
  where processed_at is null and attempts_left > 0;
-- #endregion inbox

create index dead_webhook_events on webhook_events (received_at)
  where processed_at is null and attempts_left = 0;

-- What the events are about: money that must not count twice.
create table accounts (
  customer text primary key,
  credit_cents bigint not null default 0,
  status text,
  status_at timestamptz,
  check ((status is null) = (status_at is null))
);
