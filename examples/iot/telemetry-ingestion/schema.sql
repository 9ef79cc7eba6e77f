-- One row a device, and one for each broker that stands in front.
create table devices (
  id text primary key check (id ~ '^[a-z0-9-]{1,40}$'),
  -- May speak for every device: a broker that has checked them itself.
  is_front boolean not null default false,
  key_hash text not null,
  mosquitto_hash text not null,
  revoked_at timestamptz
);

-- #region readings
-- What a device says of a reading is its name, and stays the same when
-- it is sent again tomorrow: nothing that we add may be in the key.
create table readings (
  device_id text not null,
  sequence bigint not null check (sequence >= 0),
  measured_at timestamptz not null,
  metric text not null,
  value float8 not null,
  -- measured_at, or received_at where the device's clock is absurd.
  at timestamptz not null,
  received_at timestamptz not null,
  primary key (device_id, sequence, measured_at)
) partition by range (measured_at);

-- Late data, 1970 and 2099 have a place too.
create table readings_other_days partition of readings default;

-- Moves only forward in time: late data does not change it.
create table latest_readings (
  device_id text not null,
  metric text not null,
  sequence bigint not null,
  at timestamptz not null,
  value float8 not null,
  primary key (device_id, metric)
) with (fillfactor = 70);
-- #endregion readings

create index readings_of_a_device on readings (device_id, metric, at);

create table dead_letters (
  id bigint generated always as identity primary key,
  client_id text not null,
  topic text not null,
  reason text not null,
  -- Its beginning: whoever looks wants to see what it was.
  payload bytea not null check (length(payload) <= 1024),
  received_at timestamptz not null
);

-- A week of days, so that the example has them; who makes the next ones
-- ahead of time, and drops old ones, is another matter.
do $$
declare
  day date;
begin
  for n in -1..7 loop
    day := (now() at time zone 'utc')::date + n;
    execute format(
      'create table readings_%s partition of readings
       for values from (%L) to (%L)',
      to_char(day, 'YYYYMMDD'),
      day::timestamp at time zone 'utc',
      (day + 1)::timestamp at time zone 'utc'
    );
  end loop;
end $$;
