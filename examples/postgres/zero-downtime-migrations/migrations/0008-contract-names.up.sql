-- The function stays: the way down needs it.
drop trigger names_in_step on users;

alter table users
  drop column full_name;
