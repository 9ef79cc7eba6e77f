drop trigger names_in_step on users;

alter table users
  drop column given_name,
  drop column family_name;

drop function keep_names_in_step();
