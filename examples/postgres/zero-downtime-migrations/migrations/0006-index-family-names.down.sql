drop index concurrently if exists users_by_family_name;
