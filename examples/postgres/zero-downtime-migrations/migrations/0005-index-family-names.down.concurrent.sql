-- reviewed: only the new release searches by family name
drop index concurrently if exists users_by_family_name;
