-- What the naive way keeps.
create table files (
  owner text not null,
  key text not null,
  size bigint not null
);
