alter table users
  drop constraint names_present;
