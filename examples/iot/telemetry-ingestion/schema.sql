-- A row for each device, and one for each broker in front of them.
create table devices (
  id text primary key check (id ~ '^[a-z0-9-]{1,40}$'),
  -- A new one with each key, so that an old key's connections end.
  key_id uuid not null unique default gen_random_uuid(),
  -- As Mosquitto writes it, so that one in front can check it too.
  key_hash text not null,
  -- A broker that has checked its devices, and may send for all.
  is_front boolean not null default false,
  revoked_at timestamptz
);

-- What a device says about a reading is its name, and stays the same
-- when it is sent again tomorrow. Nothing of ours may be in the key.
create table readings (
  device_id text not null,
  sequence bigint not null check (sequence >= 0),
  measured_at timestamptz not null,
  metric text not null,
  value float8 not null,
  -- measured_at, or received_at when the device's clock is absurd.
  at timestamptz not null,
  received_at timestamptz not null,
  primary key (device_id, sequence, measured_at)
);

-- For retention, and for reports that look for late data.
create index readings_received_at on readings (received_at);

-- Moves only forward in time: late data does not change it.
create table latest_readings (
  device_id text not null,
  metric text not null,
  sequence bigint not null,
  at timestamptz not null,
  value float8 not null,
  primary key (device_id, metric)
) with (fillfactor = 70);

create index readings_of_a_device on readings (device_id, metric, at);

create table dead_letters (
  id bigint generated always as identity primary key,
  client_id text not null,
  topic text not null,
  reason text not null,
  -- Its beginning; a reading that was valid is here in full.
  payload bytea not null check (length(payload) <= 1024),
  received_at timestamptz not null
);

create index dead_letters_received_at on dead_letters (received_at);
