import { expect, it } from 'vitest';
import { leaveOutTables, listUngrantedTables, splitStatements } from './sql-statements.ts';

const SQL = `-- Yours; it has them.
create table users (id uuid primary key);

create table tokens (
  owner uuid references users, -- a ; in a comment
  note text default 'it''s; here'
);
create index on users (id);
create function f() returns text language plpgsql as $body$
begin
  return (select note from users limit 1) || ';';
end
$body$;
grant select on tokens, users to app;
`;

it('splits at semicolons that end a statement, and only there', () => {
  expect(splitStatements(SQL)).toHaveLength(5);
  expect(splitStatements(SQL)[1]).toMatch(/^create table tokens[\s\S]*\);$/);
});

it('keeps a last statement without a semicolon', () => {
  expect(splitStatements('select 1; select 2')).toEqual(['select 1;', 'select 2']);
});

it('leaves out what makes or changes a table of the reader, and keeps what refers to it', () => {
  const kept = splitStatements(leaveOutTables(SQL, ['users']));
  expect(kept.map((one) => one.split('\n')[0])).toEqual(['create table tokens (']);
});

it.each([
  'create table public.users (id uuid primary key)',
  'create table if not exists "users" (id uuid primary key)',
  'create table users_2026 partition of users for values in (2026)',
  'alter table only users add column name text',
  'create unique index concurrently on public.users (email)',
  'create trigger t before update on users for each row execute function f()',
  'create policy p on users using (true)',
  'create view names as select name from tokens join public.users using (id)',
  `insert into users values ('a')`,
  'comment on column users.email is null',
  'drop table if exists public.users',
  'do $$ begin perform 1 from users; end $$',
  'create function f() returns int language sql begin atomic; select 1 from users; end',
])('leaves out %s', (statement) => {
  expect(leaveOutTables(`select 1; ${statement};`, ['users'])).toBe('select 1;\n');
});

it.each([
  `insert into settings values ('users')`,
  'create table audit.users (id uuid primary key)',
  'create table tokens (owner uuid references public.users, users int)',
  'create table copies (like users)',
  'alter table tokens add foreign key (owner) references users',
  'select count(*) as users from tokens',
  'create index users on tokens (owner)',
  `create function f() returns text language plpgsql as $$ begin return 'users'; end $$`,
  '/* users */ select 1',
])('keeps %s', (statement) => {
  expect(leaveOutTables(statement, ['users'])).toBe(`${statement}\n`);
});

it('leaves out a table of another schema when it is named with its schema', () => {
  const sql = 'create table audit.users (id int);\n\ncreate table users (id int);';
  expect(leaveOutTables(sql, ['audit.users'])).toBe('create table users (id int);\n');
});

it('cuts where the statement ends, whatever letters come before', () => {
  const sql = "-- Über\nselect 'é'; -- ï\nselect 2";
  expect(splitStatements(sql)).toEqual(["-- Über\nselect 'é';", '-- ï\nselect 2']);
  expect(splitStatements('select 1; -- the end')).toEqual(['select 1;', '-- the end']);
});

it('keeps all of it when the reader has none of the tables', () => {
  expect(leaveOutTables(SQL, [])).toBe(`${splitStatements(SQL).join('\n\n')}\n`);
});

it('lists the tables that a script makes, without partitions and those that it grants rights on', () => {
  expect(listUngrantedTables(SQL)).toEqual([]);
  const made = 'create table events (at date) partition by range (at);';
  const partition = 'create table others partition of events default;';
  expect(listUngrantedTables(`${made} ${partition} ${SQL}`)).toEqual(['events']);
});
