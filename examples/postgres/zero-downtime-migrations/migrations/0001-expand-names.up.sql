alter table users
  add column given_name text,
  add column family_name text;

-- #region keep-in-step
-- Both releases write; each row always has both forms of its name.
create function keep_names_in_step() returns trigger
language plpgsql as $$
declare
  first text;
begin
  if old.given_name is null then -- a new row, or not split yet
    first := split_part(new.full_name, ' ', 1);
    new.given_name := coalesce(new.given_name, first);
    new.family_name := coalesce(
      new.family_name,
      substr(new.full_name, length(first) + 2)
    );
  elsif new.full_name is distinct from old.full_name
    and (new.given_name, new.family_name)
      is not distinct from (old.given_name, old.family_name)
  then -- the old release wrote; where it can, the split stays
    if not starts_with(new.full_name, old.given_name || ' ') then
      new.given_name := split_part(new.full_name, ' ', 1);
    end if;
    new.family_name :=
      substr(new.full_name, length(new.given_name) + 2);
  end if;
  new.family_name := coalesce(new.family_name, '');
  new.full_name := rtrim(new.given_name || ' ' || new.family_name);
  return new;
end $$;

create trigger names_in_step
  before insert or update on users
  for each row execute function keep_names_in_step();
-- #endregion keep-in-step
