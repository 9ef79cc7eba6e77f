create table sensors (
  id int generated always as identity primary key,
  name text not null unique check (name ~ '^[a-z0-9-]{1,64}$')
);

-- #region readings
-- The key makes a reading that comes twice harmless, and finds one
-- sensor's readings of a day. Append looks sensors up by their names
-- and nothing removes one, so there is no foreign key to check.
create table sensor_readings (
  sensor_id int not null,
  at timestamptz not null,
  -- NaN is above all numbers in Postgres, so this refuses it too.
  value float8 not null check (abs(value) < 1e15),
  primary key (sensor_id, at)
) partition by range (at);
-- #endregion readings

-- Sum and count, no mean: means cannot be put together again.
create table minutes (
  sensor_id int not null,
  at timestamptz not null,
  count int not null check (count > 0),
  sum float8 not null,
  min float8 not null,
  max float8 not null,
  primary key (sensor_id, at)
) partition by range (at);

-- Every zone differs from UTC by whole quarters of an hour, so the
-- day of any zone is made of whole quarters.
create table quarters (like minutes including all)
  partition by range (at);

-- Minutes that have to be computed anew. Rows are only added, so
-- writers never wait here, neither for each other nor for roll-ups.
create table marks (
  sensor_id int not null,
  minute timestamptz not null
);

-- The newest value of each sensor, with room in each page, so that a
-- new one moves no index entry.
create table latest_values (
  sensor_id int primary key references sensors,
  at timestamptz not null,
  value float8 not null
) with (fillfactor = 70);
