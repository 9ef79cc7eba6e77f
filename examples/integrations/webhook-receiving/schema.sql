-- #region inbox
-- Which events came: a later copy of one finds its row.
create table webhook_receipts (
  source text,
  id text check (length(id) between 1 and 255),
  received_at timestamptz not null default now(),
  primary key (source, id)
);

-- Events that wait for their handler, as the bytes that were signed.
create table webhook_events (
  source text,
  id text,
  body bytea not null,
  primary key (source, id),
  foreign key (source, id) references webhook_receipts
);
-- #endregion inbox

create index webhook_receipts_by_age
  on webhook_receipts (received_at);

-- What the events are about: money that must not count twice.
create table accounts (
  customer text primary key,
  credit_cents bigint not null default 0,
  status text,
  status_at timestamptz,
  check ((status is null) = (status_at is null))
);
