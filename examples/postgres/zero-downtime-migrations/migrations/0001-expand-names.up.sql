alter table users
  add column given_name text,
  add column family_name text;

-- #region keep-in-step
-- Both versions write; a row always has both forms of its name.
-- Applied twice to one row it changes nothing: an upsert fires it
-- twice. It sets columns of the row at hand, so it cannot recurse.
create function keep_names_in_step() returns trigger
language plpgsql as $$
begin
  if new.given_name is null or (
    new.full_name is distinct from old.full_name
    and (new.given_name, new.family_name)
      is not distinct from (old.given_name, old.family_name)
  ) then -- the old version wrote, or the backfill touched the row
    new.given_name := split_part(new.full_name, ' ', 1);
    new.family_name :=
      substr(new.full_name, length(new.given_name) + 2);
  end if;
  new.full_name := rtrim(new.given_name || ' ' || new.family_name);
  return new;
end $$;

create trigger names_in_step
  before insert or update on users
  for each row execute function keep_names_in_step();
-- #endregion keep-in-step
