create table orders (
  id bigint generated always as identity primary key,
  cents int not null check (cents > 0)
);
