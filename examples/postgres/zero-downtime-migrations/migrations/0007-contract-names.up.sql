-- reviewed: the old release must be gone, which this checks first
select require_stopped('users old');

-- The function stays: the way down needs it.
drop trigger names_in_step on users;

alter table users
  drop column full_name;
