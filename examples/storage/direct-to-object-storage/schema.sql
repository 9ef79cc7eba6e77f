-- Guests who chose a name, so that an upload has an owner.
create table sessions (
  hash bytea primary key check (length(hash) = 32),
  name text not null,
  expires_at timestamptz not null
);

-- #region uploads
create table uploads (
  id uuid primary key default uuidv7(),
  owner text not null,
  -- What its owner calls it: a label, never a part of the key.
  name text not null check (length(name) between 1 and 255),
  size bigint not null check (size > 0),
  part_bytes bigint not null check (part_bytes > 0),
  key text not null unique,
  -- The name that the store gave to this multipart upload.
  store_id text not null,
  created_at timestamptz not null,
  received_at timestamptz,
  abandoned_at timestamptz,
  -- Whoever marks first decides: nothing is both.
  check (received_at is null or abandoned_at is null)
);
-- #endregion uploads

create index uploads_by_store_id on uploads (store_id);
create index unfinished_uploads on uploads (created_at)
  where received_at is null;
