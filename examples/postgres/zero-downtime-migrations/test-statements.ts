/** By the rule that refuses them. */
export const refused: Record<string, string[]> = {
  'rewriting-column': [
    'alter table users add token uuid default gen_random_uuid()',
    'alter table users add n int default floor(random() * 10)',
    'alter table users add n bigserial',
    'alter table users add n int generated always as identity',
    'alter table users add n text generated always as (lower(a)) stored',
  ],
  'column-constraint': [
    'alter table users add team_id bigint references teams',
    'alter table users add age int check (age > 0)',
    'alter table users add email text unique',
    'alter table users add key int primary key',
  ],
  'unproven-not-null': [
    'alter table users add age int not null',
    'alter table users alter column age set not null',
  ],
  'validating-constraint': [
    'alter table users add constraint c check (age > 0)',
    'alter table users add foreign key (team_id) references teams',
    'alter table users add constraint c not null age',
  ],
  'index-building-constraint': [
    'alter table users add unique (email)',
    'alter table users add primary key (id)',
    'alter table users add exclude (email with =)',
  ],
  'blocking-index': [
    'create index i on users (email)',
    'drop index i',
    'reindex table users',
  ],
  'unnamed-index': ['create index concurrently on users (email)'],
  'type-change': ['alter table users alter column id type numeric'],
  rename: [
    'alter table users rename column full_name to name',
    'alter table users rename to people',
    'alter view people rename to persons',
  ],
  'column-in-use': [
    'alter table users drop column full_name',
    'alter table "users" drop column if exists "full_name" cascade',
    'alter table public.users drop full_name',
    'alter table shop.orders drop column total',
    'drop table users',
    'drop table shop.orders',
  ],
  'lock-table': ['lock table users in share mode'],
  'table-rewrite': [
    'vacuum full users',
    'cluster users',
    'truncate users',
  ],
  'data-change': [
    'update users set age = 1',
    'delete from users',
    'insert into users select * from people',
    'merge into users using people on true when matched then delete',
  ],
  transaction: ['commit'],
  unknown: [
    'alter table users set logged',
    'alter table users attach partition p default',
    'refresh materialized view people',
    'do $$ begin execute $_$lock table users$_$; end $$',
    'select pg_sleep(60)',
    'create table copy as select * from users',
  ],
};

/** What stops nobody, or only for a moment. */
export const accepted = [
  'alter table users add age int',
  `alter table users add plan text not null default 'free'`,
  'alter table users add seen_at timestamptz default now()',
  'alter table users add lower text generated always as (lower(a)) virtual',
  'alter table users alter column age set default 1',
  'alter table users add constraint c check (age > 0) not valid',
  'alter table users add foreign key (a) references teams not valid',
  'alter table users add constraint c unique using index i',
  'alter table users validate constraint c',
  'alter table users drop column age',
  'alter index i rename to j',
  'create unique index concurrently i on users (email)',
  'drop index concurrently i',
  'reindex index concurrently i',
  'create table teams (id int primary key, a text not null); create index on teams (a)',
  'create table teams (id int); alter table teams add unique (id)',
  'drop table people',
  `insert into plans values ('free')`,
];
