-- Up Migration
set local lock_timeout = 200;
alter table users
  add constraint given_name_present
    not null given_name not valid,
  add constraint family_name_present
    not null family_name not valid;

-- Down Migration
