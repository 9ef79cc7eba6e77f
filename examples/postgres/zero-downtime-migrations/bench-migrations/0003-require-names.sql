-- Up Migration
alter table users
  alter column given_name set not null,
  alter column family_name set not null;
create index users_by_family_name
  on users (family_name, given_name);

-- Down Migration
drop index users_by_family_name;
alter table users
  alter column given_name drop not null,
  alter column family_name drop not null;
