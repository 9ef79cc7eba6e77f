-- A row is a file that somebody sent, from its last byte on.
create table files (
  id uuid primary key,
  name text not null,
  declared_type text not null,
  state text not null default 'quarantined'
    check (state in ('quarantined', 'published', 'rejected')),
  -- Why it is rejected, and what the scanner calls it.
  reason text,
  signature text,
  -- How often the process that decoded it died.
  crashes int not null default 0,
  -- What is published: its key in the store, and what its bytes are.
  object uuid,
  type text check (type ~ '^(image/(jpeg|png|webp)|application/pdf)$'),
  size bigint,
  created_at timestamptz not null default now(),
  decided_at timestamptz,
  check ((state = 'rejected') = (reason is not null)),
  check ((state = 'published') = (object is not null)),
  check ((state = 'quarantined') = (decided_at is null)),
  check (num_nulls(object, type, size) in (0, 3))
);

-- For an alert on the oldest file that still waits.
create index files_in_quarantine on files (created_at)
  where state = 'quarantined';
