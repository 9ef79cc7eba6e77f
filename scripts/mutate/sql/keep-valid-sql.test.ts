import { expect, it } from 'vitest';
import { applyMutant } from '../apply-mutant.ts';
import { createMutants } from '../create-mutants.ts';
import type { PlacedMutant } from '../run-mutants.ts';
import { keepValidSql } from './keep-valid-sql.ts';

const SCHEMA = `begin;
create table jobs (
  id int primary key,
  state text not null,
  due_at timestamptz
) with (fillfactor = 70);
create unique index one_new_job on jobs (due_at) where state = 'new';
commit;`;

it('leaves out the changes to a file with which it does not apply', async () => {
  const leftOut = await listLeftOut({
    'a-mails.sql': 'create table mails (job int references jobs (id))',
    'jobs.sql': 'create table jobs (id int primary key, age int check (age > 0))',
    'room.sql': 'create table rooms (name text) with (fillfactor = 70)',
  });
  expect(leftOut).toEqual(['create table rooms (name text) with (fillfactor = 700)']);
});

it('applies a file after those whose tables it needs', async () => {
  const leftOut = await listLeftOut({
    'a.sql': 'create table mails (job int references jobs); create index on mails (job)',
    'b.sql': 'create table jobs (id int primary key); create view v as select id + 1 from jobs',
  });
  expect(leftOut).toEqual([]);
});

it('applies a file with its own transaction, and an index that is built beside traffic', async () => {
  const leftOut = await listLeftOut({
    'a-schema.sql': SCHEMA,
    'b-index.sql': 'create index concurrently by_state on jobs (state) with (fillfactor = 50)',
  });
  expect(leftOut).toEqual([
    SCHEMA.replace('70', '700'),
    'create index concurrently by_state on jobs (state) with (fillfactor = 500)',
  ]);
});

it('leaves out the changes to a statement in TypeScript that have no plan', async () => {
  const queries = [
    'select distinct on (state) id from jobs order by state, due_at',
    "select id from jobs where due_at < now() - $1 * interval '1 day'",
    "insert into jobs values ($1, 'new') on conflict (due_at) where state = 'new' do nothing",
  ];
  const leftOut = await listLeftOut({ 'jobs.ts': writeModule(queries), 'schema.sql': SCHEMA });
  const texts = leftOut.filter((text) => text.startsWith('export'));
  const write = (index: number, from: string, to: string) =>
    writeModule(queries.with(index, queries[index]?.replace(from, to) ?? ''));
  expect(texts).toEqual([
    write(0, 'order by state, due_at', 'order by  due_at'),
    write(1, '$1 *', '$1 /'),
    write(2, "where state = 'new'", 'where true'),
    write(2, "= 'new'", "= 'new_'"),
  ]);
});

it('keeps the changes to what Postgres refuses as it is', async () => {
  const leftOut = await listLeftOut({
    'jobs.ts': writeModule([
      'select distinct on (state) id from their_jobs order by state',
      'set lock_timeout = 0; select distinct on (a) a from (select 1 as a) order by a',
      'select id from jobs where id = 1',
    ]),
    'theirs.sql': 'create table mails (job int references their_jobs) with (fillfactor = 70)',
  });
  expect(leftOut).toEqual([]);
});

it('leaves the changes to other code alone', async () => {
  const placed = placeAll({ 'a.ts': 'export const isOld = (age: number) => age > 3;' });
  expect(await keepValidSql(new Map(), placed)).toBe(placed);
});

it('fails when the server does, and takes that for no fault of the SQL', async () => {
  const sql = 'select pg_terminate_backend(pg_backend_pid()) where 1 < 2';
  await expect(listLeftOut({ 'end.sql': sql })).rejects.toThrow(
    /^Postgres could not judge this SQL: .*\nselect pg_terminate_backend/,
  );
});

async function listLeftOut(files: Record<string, string>): Promise<string[]> {
  const placed = placeAll(files);
  const kept = new Set(await keepValidSql(new Map(Object.entries(files)), placed));
  return placed
    .filter((one) => !kept.has(one))
    .map(({ source, mutant }) => applyMutant(source, mutant));
}

function placeAll(files: Record<string, string>): PlacedMutant[] {
  return Object.entries(files).flatMap(([path, source]) =>
    createMutants(path, source).map((mutant) => ({ path, source, mutant })),
  );
}

function writeModule(queries: string[]): string {
  return `export const QUERIES = [${queries.map((query) => `\`${query}\``).join(', ')}];`;
}
