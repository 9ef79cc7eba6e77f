-- `not valid`: for each write from now on; no row is read yet.
alter table users
  add constraint given_name_present
    not null given_name not valid,
  add constraint family_name_present
    not null family_name not valid;
