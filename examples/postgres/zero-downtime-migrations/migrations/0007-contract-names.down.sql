alter table users
  add column full_name text;

create trigger names_in_step
  before insert or update on users
  for each row execute function keep_names_in_step();
