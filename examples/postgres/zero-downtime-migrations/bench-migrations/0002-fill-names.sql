-- Up Migration
update users
set given_name = split_part(full_name, ' ', 1),
    family_name = substr(full_name, strpos(full_name, ' ') + 1);

-- Down Migration
