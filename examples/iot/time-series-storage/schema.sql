create table sensors (
  id int generated always as identity primary key,
  name text not null unique check (name ~ '^[a-z0-9-]{1,64}$')
);

-- #region readings
-- The key makes a repeated reading harmless, and finds the readings
-- of one sensor. Sensors are never deleted: no foreign key to check.
create table sensor_readings (
  sensor_id int,
  at timestamptz,
  -- NaN is above all numbers in Postgres, so this refuses it too.
  value float8 not null check (abs(value) < 1e15),
  primary key (sensor_id, at)
) partition by range (at);
-- #endregion readings

-- Count and sum instead of a mean: means cannot be combined. When all
-- its readings are erased, a row has a count of 0.
create table minutes (
  sensor_id int,
  at timestamptz,
  count int,
  sum float8,
  min float8,
  max float8,
  primary key (sensor_id, at)
) partition by range (at);

-- All zones differ from UTC by whole quarters of an hour, so a day in
-- any zone consists of whole quarters.
create table quarters (like minutes including all)
  partition by range (at);

-- Minutes to compute again. Appends only insert here, so they wait
-- neither for each other nor for roll-ups.
create table marks (
  sensor_id int,
  minute timestamptz
);

-- Partitions are found by their bounds: a name says nothing sure.
create view time_partitions as
select inhparent as level,
       inhrelid as id,
       inhrelid::regclass::text as name,
       inhdetachpending as is_pending,
       substring(bound from $$FROM \('(.+?)'$$)::timestamptz as start,
       substring(bound from $$TO \('(.+?)'$$)::timestamptz as stop
from pg_inherits
join pg_class on pg_class.oid = inhrelid,
  pg_get_expr(relpartbound, inhrelid) as bound
where inhparent in ('sensor_readings'::regclass,
  'minutes'::regclass, 'quarters'::regclass);
