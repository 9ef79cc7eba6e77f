-- #region event-log
-- Every append counts here first: its row lock makes the order of
-- ids the order of commits, and a rollback leaves no hole.
create table topics (
  name text primary key check (name ~ '^[a-z0-9-]{1,64}$'),
  last_id bigint not null default 0,
  -- Counts up when somebody loses the right to read.
  rights bigint not null default 0
);

create table events (
  topic text not null references topics on delete cascade,
  id bigint not null,
  -- A line break in either would end the field in the stream.
  type text not null
    check (type ~ '^[a-z-]{1,32}$' and type <> 'reset'),
  data text not null check (data !~ '[\r\n]'),
  created_at timestamptz not null default now(),
  primary key (topic, id),
  check (octet_length(data) <= 65536)
);
-- #endregion event-log

create index events_by_age on events (created_at);

create table sessions (
  hash bytea primary key check (length(hash) = 32),
  name text not null,
  expires_at timestamptz not null
);

create table topic_readers (
  topic text not null references topics on delete cascade,
  name text not null,
  is_owner boolean not null default false,
  primary key (topic, name)
);

-- #region revoke-in-order
-- Takes the lock of an append: whatever is appended later is read
-- together with the new count, and not sent before a new check.
create function announce_revocation() returns trigger
language plpgsql as $$
begin
  update topics set rights = rights + 1 where name = old.topic;
  perform pg_notify('topics', old.topic);
  return null;
end
$$;

create trigger announce_revocation
after delete on topic_readers
for each row execute function announce_revocation();
-- #endregion revoke-in-order
