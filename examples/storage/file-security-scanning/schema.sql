-- #region files
-- A row is a file whose bytes lie in quarantine, or have been there.
create table files (
  id uuid primary key,
  name text not null,
  declared_type text not null,
  state text not null default 'quarantined'
    check (state in ('quarantined', 'published', 'rejected')),
  -- Why it is rejected, and what the scanner calls it.
  reason text,
  signature text,
  -- SHA-256 of what is published: the name of the object as well.
  hash text check (hash ~ '^[0-9a-f]{64}$'),
  type text check (type ~ '^(image/(jpeg|png|webp)|application/pdf)$'),
  size bigint,
  -- When a worker may take it: now, after a pause, or after a lease.
  due_at timestamptz not null default now(),
  lease uuid,
  attempts int not null default 0,
  created_at timestamptz not null default now(),
  check ((state = 'rejected') = (reason is not null)),
  check ((state = 'published') = (hash is not null)),
  check (num_nulls(hash, type, size) in (0, 3))
);
-- #endregion files

create index files_to_look_at on files (due_at)
  where state = 'quarantined';
