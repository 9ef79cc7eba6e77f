import { expect, it } from 'vitest';
import { leaveOutTables, splitStatements } from './sql-statements.ts';

const SQL = `-- Yours; it has them.
create table users (id uuid primary key);

create table tokens (
  owner uuid references users, -- a ; in a comment
  note text default 'it''s; here'
);
create index on users (id);
create function f() returns text language plpgsql as $body$
begin
  return 'users;';
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

it('keeps all of it when the reader has none of the tables', () => {
  expect(leaveOutTables(SQL, [])).toBe(`${splitStatements(SQL).join('\n\n')}\n`);
});
