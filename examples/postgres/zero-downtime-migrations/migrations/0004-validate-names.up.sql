-- Reads the whole table, under a lock that lets reads and writes by.
alter table users
  validate constraint names_present;
