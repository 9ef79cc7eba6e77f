create table accounts (
  id text primary key,
  owner text not null,
  cents bigint not null
);
create table mails (account text not null);
