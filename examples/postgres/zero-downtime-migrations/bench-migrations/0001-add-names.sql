-- Up Migration
set local lock_timeout = 200;
alter table users
  add column given_name text,
  add column family_name text;

-- Down Migration
alter table users
  drop column given_name,
  drop column family_name;
