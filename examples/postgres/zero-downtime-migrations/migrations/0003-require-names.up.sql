-- `not valid`: holds for each write from now on, reads no row yet.
alter table users
  add constraint names_present
  check (given_name is not null and family_name is not null)
  not valid;
