-- An append counts here first, and keeps the row locked until the
-- commit: ids follow the order of commits, without a hole.
create table topics (
  name text primary key check (name ~ '^[a-z0-9-]{1,64}$'),
  last_id bigint not null default 0,
  -- Counts up when a reader may have lost the right to read.
  rights bigint not null default 0
);

create table events (
  topic text not null references topics,
  id bigint not null,
  -- An EventSource has events of its own called open and error.
  type text not null check (
    type ~ '^[a-z-]{1,32}$'
    and type not in ('reset', 'open', 'error')
  ),
  -- A line break would end the field in the stream.
  data text not null check (data ~ '^[^\r\n]+$'),
  -- A transaction may have begun long before, at its now().
  created_at timestamptz not null default clock_timestamp(),
  primary key (topic, id),
  check (octet_length(data) <= 65536)
);

create index events_by_age on events (created_at);

-- #region revoke-in-order
-- Call it in the transaction that takes a right away. It takes the
-- locks of appends, sorted: events that commit later are read with
-- the new count, and go out after a new check.
create function recheck_readers(changed text[]) returns void
language sql as $$
  insert into topics (name, rights)
  select distinct name, 1
  from unnest(changed) as name
  order by name
  on conflict (name) do update
  set rights = topics.rights + 1;

  select pg_notify('topics', name)
  from unnest(changed) as name;
$$;

-- For a table of yours that says who reads which topic.
create function recheck_gone() returns trigger
language plpgsql as $$
begin
  perform recheck_readers((select array_agg(topic) from gone));
  return null;
end
$$;
-- #endregion revoke-in-order

create table rides (
  name text primary key,
  km double precision not null default 0
);

create table topic_readers (
  topic text not null references rides on delete cascade,
  name text not null,
  is_owner boolean not null default false,
  primary key (topic, name)
);

create table sessions (
  hash bytea primary key check (length(hash) = 32),
  name text not null,
  expires_at timestamptz not null
);

create trigger announce_deleted
after delete on topic_readers
referencing old table as gone
for each statement execute function recheck_gone();

create trigger announce_updated
after update on topic_readers
referencing old table as gone
for each statement execute function recheck_gone();

create function recheck_logged_out() returns trigger
language plpgsql as $$
begin
  perform recheck_readers(array_agg(topic))
  from topic_readers
  join gone using (name);
  return null;
end
$$;

create trigger announce_logout
after delete on sessions
referencing old table as gone
for each statement execute function recheck_logged_out();

create trigger announce_changed_login
after update on sessions
referencing old table as gone
for each statement execute function recheck_logged_out();
