-- One account may be overdrawn; all accounts of an owner together not.
create table accounts (
  id text primary key,
  owner text not null,
  cents bigint not null
);

create index accounts_of_owner on accounts (owner);

-- The caller chooses the id: it can ask whether the transfer is done.
create table transfers (
  id text primary key,
  sender text not null references accounts,
  receiver text not null references accounts,
  cents bigint not null check (cents > 0),
  note text not null check (length(note) <= 140),
  check (sender <> receiver)
);
