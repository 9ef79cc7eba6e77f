-- reviewed: the new release must be gone, which this checks first
select require_stopped('users new');

alter table users
  drop column given_name,
  drop column family_name;

drop trigger names_in_step on users;
drop function keep_names_in_step();
