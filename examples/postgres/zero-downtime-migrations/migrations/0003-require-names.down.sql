-- reviewed: both releases always write both names
alter table users
  drop constraint given_name_present,
  drop constraint family_name_present;
