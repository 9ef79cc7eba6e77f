alter table users
  alter column given_name drop not null,
  alter column family_name drop not null;
