import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { lintMigrations } from './lint-migrations.ts';
import { createMigration } from './migration-files.ts';

/** What Squawk says of style, and not of locks or of other versions. */
const STYLE =
  /^(prefer-|require-(lock|statement)-timeout|require-timeout|ban-char)/;

/** Both refuse these. */
const agreed = [
  'alter table users add column a uuid default gen_random_uuid()',
  'alter table users add column a int generated always as (b + 1) stored',
  'alter table users add column a int not null',
  'alter table users add column a bigint references teams',
  'alter table users add column a text unique',
  'alter table users alter column a set not null',
  'alter table users alter column a drop not null',
  'alter table users add constraint c check (a > 0)',
  'alter table users add constraint c foreign key (a) references teams',
  'alter table users add constraint c unique (a)',
  'alter table users alter column a type bigint',
  'alter table users rename column a to b',
  'alter table users rename to people',
  'alter table users drop column full_name',
  'drop table users',
  'create index i on users (a)',
  'drop index i',
  'reindex table users',
  'alter table users add column a int; commit',
];

/** Neither does. */
const harmless = [
  'alter table users add column a text',
  `alter table users add column a text default 'free'`,
  'alter table users add constraint c check (a > 0) not valid',
  'alter table users add constraint c not null a not valid',
  'create table teams (id bigint primary key)',
];

/** Squawk knows rules for what is dangerous; these have none. */
const onlyOurs = [
  'drop schema shop cascade',
  'drop materialized view m',
  'drop view v',
  'drop type t cascade',
  'drop extension pgcrypto cascade',
  'drop trigger names_in_step on users',
  'truncate users',
  'update users set a = 1',
  'lock table users',
  'alter table users alter column created_at drop default',
  'alter table users enable row level security',
  'alter table users drop constraint u',
  'alter table users add primary key using index i',
  'alter table users add column p positive_int',
  'alter index users rename to people',
  'revoke select on users from app',
  'create table p partition of users for values from (1) to (2)',
  'do $$ begin null; end $$',
];

it('refuses all that Squawk refuses, and 18 statements that Squawk accepts', async () => {
  const all = { agreed, harmless, onlyOurs };
  const ours = await lintAll(Object.values(all).flat());
  const theirs = await squawk(Object.values(all).flat());

  const both = (a: boolean, b: boolean) => (sql: string) =>
    ours.has(sql) === a && theirs.has(sql) === b;
  const statements = Object.values(all).flat();
  expect({
    agreed: statements.filter(both(true, true)),
    harmless: statements.filter(both(false, false)),
    onlyOurs: statements.filter(both(true, false)),
  }).toEqual(all);
});

async function lintAll(statements: string[]): Promise<Set<string>> {
  const refused = new Set<string>();
  for (const sql of statements) {
    const up = { file: 'one.sql', kind: 'transaction', sql } as const;
    const migration = createMigration({ name: '0001-one', up });
    await lintMigrations([migration]).catch(() => refused.add(sql));
  }
  return refused;
}

/** Runs the program that the package from npm brings, on a file for each statement. */
async function squawk(statements: string[]): Promise<Set<string>> {
  const folder = mkdtempSync(join(tmpdir(), 'squawk-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const files = statements.map((sql, index) => {
    const file = join(folder, `${index}.sql`);
    writeFileSync(file, `${sql};\n`);
    return file;
  });
  const entry = fileURLToPath(
    import.meta.resolve('squawk-cli/package.json'),
  );
  const program = join(dirname(entry), 'js', 'bin', 'squawk');
  const settings = ['--reporter', 'json', '--assume-in-transaction'];
  const run = promisify(execFile)(process.execPath, [
    program,
    ...settings,
    '--pg-version',
    '18.0',
    ...files,
  ]);
  // It ends with 1 when it found something, as it does here.
  const { stdout } = await run.catch((error) => error);
  const found: { file: string; rule_name: string }[] =
    JSON.parse(stdout);
  return new Set(
    found
      .filter(({ rule_name }) => !STYLE.test(rule_name))
      .map(
        ({ file }) =>
          statements[Number.parseInt(basename(file), 10)] ?? '',
      ),
  );
}
