-- Up Migration
alter table users
  validate constraint given_name_present,
  validate constraint family_name_present;

-- Down Migration
