-- Reads the whole table, under a lock that lets reads and writes pass.
alter table users
  validate constraint given_name_present,
  validate constraint family_name_present;
