create table orders (
  id bigint generated always as identity primary key,
  customer text not null,
  cents int not null check (cents > 0),
  confirmed_at timestamptz
);
