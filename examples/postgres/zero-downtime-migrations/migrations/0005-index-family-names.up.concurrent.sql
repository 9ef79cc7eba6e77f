create index concurrently users_by_family_name
  on users (family_name, given_name);
