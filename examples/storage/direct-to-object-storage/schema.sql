create table uploads (
  id uuid primary key,
  owner text not null,
  -- A label that its owner chose, never a part of the key.
  name text not null check (length(name) between 1 and 255),
  size bigint not null check (size >= 0),
  part_bytes bigint not null,
  key text not null,
  -- What the store calls this multipart upload, once it has begun.
  store_id text not null default '',
  -- #region upload-state
  state text not null default 'open'
    check (state in ('open', 'received', 'abandoned')),
  -- When the sweep abandons it, and then when it removes it.
  sweep_at timestamptz not null
  -- #endregion upload-state
);

create index uploads_to_sweep on uploads (sweep_at)
  where state <> 'received';

-- What the example does once for each file that was received.
create table announcements (
  upload_id uuid not null
);
