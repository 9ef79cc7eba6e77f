import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parseSync } from 'libpg-query';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../repository.ts';
import { applyMutant } from '../apply-mutant.ts';
import { mutateSql, SQL_OPERATORS } from './mutate-sql.ts';
import { mutateSqlInTypeScript } from './sql-in-typescript.ts';

/** Each operator: a statement, and one that it makes of it. */
const TABLE: [operator: string, from: string, to: string][] = [
  ['sql-condition-dropped', 'select a from t where b and c', 'select a from t where true and c'],
  ['sql-condition-dropped', 'select a from t where b or c', 'select a from t where false or c'],
  [
    'sql-condition-dropped',
    'select a from t where b = $1',
    'select a from t where (b = $1 or true)',
  ],
  [
    'sql-condition-dropped',
    'select a from t where a between 1 and 2 and c',
    'select a from t where true and c',
  ],
  [
    'sql-condition-dropped',
    'select a from t where a and (b or c)',
    'select a from t where a and (b or false)',
  ],
  [
    'sql-condition-dropped',
    'select a from t join u on t.id = u.id and u.open where true',
    'select a from t join u on t.id = u.id and true where true',
  ],
  [
    'sql-condition-dropped',
    'create policy p on t using (a) with check (b and c)',
    'create policy p on t using (true) with check (b and c)',
  ],
  ['sql-comparison-boundary', 'select a from t where a <= 1', 'select a from t where a < 1'],
  [
    'sql-null-test-negated',
    'select a from t where b is null',
    'select a from t where b is not null',
  ],
  ['sql-exists-negated', 'select exists (select 1)', 'select not exists (select 1)'],
  ['sql-exists-negated', 'select not exists (select 1)', 'select exists (select 1)'],
  ['sql-any-swapped', 'select 1 = any ($1)', 'select 1 = all ($1)'],
  ['sql-lock-dropped', 'select a from t for update skip locked', 'select a from t for update '],
  ['sql-lock-dropped', 'select a from t for no key update', 'select a from t '],
  ['sql-distinct-dropped', 'select distinct a from t', 'select  a from t'],
  ['sql-distinct-dropped', 'select distinct on (a) a, b from t', 'select  a, b from t'],
  ['sql-limit-dropped', 'select a from t limit $1', 'select a from t limit (null::bigint + $1)'],
  ['sql-order-changed', 'select a from t order by a, b', 'select a from t order by a desc, b'],
  ['sql-order-changed', 'select a from t order by a, b', 'select a from t order by  b'],
  ['sql-order-changed', 'select a from t order by a desc', 'select a from t order by a asc'],
  ['sql-order-changed', 'select a from t order by a limit 1', 'select a from t  limit 1'],
  [
    'sql-conflict-changed',
    'insert into t values (1) on conflict (a) do update set b = 2 returning b',
    'insert into t values (1) on conflict (a) do nothing returning b',
  ],
  [
    'sql-conflict-changed',
    'insert into t values (1) on conflict do nothing',
    'insert into t values (1) ',
  ],
  [
    'sql-join-changed',
    'select a from t left join u using (id)',
    'select a from t join u using (id)',
  ],
  [
    'sql-join-changed',
    'select a from t join u using (id)',
    'select a from t left join u using (id)',
  ],
  ['sql-union-changed', 'select 1 union all select 2', 'select 1 union select 2'],
  ['sql-assignment-dropped', 'update t set a = 1, b = 2', 'update t set  b = 2'],
  ['sql-notify-dropped', "select pg_notify('a', '')", 'select null'],
  [
    'sql-constraint-dropped',
    'create table t (a int not null, b int)',
    'create table t (a int , b int)',
  ],
  [
    'sql-constraint-dropped',
    'create table t (a int, b int, unique (a, b))',
    'create table t (a int, b int)',
  ],
  [
    'sql-constraint-dropped',
    'create table t (a int references u on delete cascade check (a > 0))',
    'create table t (a int references u on delete cascade )',
  ],
  ['sql-unique-index-dropped', 'create unique index i on t (a)', 'create  index i on t (a)'],
  [
    'sql-statement-dropped',
    'create table t (a int); create index i on t (a)',
    'create table t (a int); ',
  ],
  [
    'sql-action-dropped',
    'alter table t enable row level security, force row level security',
    'alter table t enable row level security',
  ],
  ['sql-word-dropped', 'create index concurrently i on t (a)', 'create index  i on t (a)'],
  [
    'sql-policy-loosened',
    'create policy p on t as restrictive using (a)',
    'create policy p on t as permissive using (a)',
  ],
  [
    'sql-search-path-dropped',
    "create function f() returns int language sql set search_path = '' as 'select 1'",
    "create function f() returns int language sql  as 'select 1'",
  ],
  ['sql-first-argument', 'select coalesce(a, 0) from t', 'select a from t'],
  ['sql-function-swapped', 'select min(a) from t', 'select max(a) from t'],
  ['sql-sign-swapped', 'select a + 1 from t', 'select a - 1 from t'],
  ['sql-number-nudged', 'select a from t where a = 3', 'select a from t where a = 4'],
  ['sql-number-nudged', 'select a from t where a = 30', 'select a from t where a = 300'],
  ['sql-duration-nudged', "select interval '5 s'", "select interval '50 s'"],
  ['sql-boolean-flipped', 'select true', 'select false'],
  ['sql-string-changed', "select a from t where b = 'done'", "select a from t where b = 'done_'"],
];

describe('an SQL operator', () => {
  it.each(TABLE)('%s: %s', (operator, from, to) => {
    const made = mutateSql(from).filter((mutant) => mutant.operator === operator);
    expect(made.map((mutant) => applyMutant(from, mutant))).toContain(to);
  });

  it('has a row in the table', () => {
    const tested = new Set(TABLE.map(([operator]) => operator));
    expect(SQL_OPERATORS.filter(({ name }) => !tested.has(name))).toEqual([]);
  });

  it('leaves alone what is no rule: sizes of types, comments, the target of a conflict', () => {
    expect(mutateSql('create table t (a varchar(20)) -- 5 < 6')).toEqual([]);
    const made = mutateSql('insert into t values (1) on conflict (a) where b do nothing');
    expect(made.map(({ operator }) => operator)).not.toContain('sql-condition-dropped');
  });

  it('changes the body of a function', () => {
    const sql =
      'create function f() returns trigger language plpgsql as $$ begin if new.a < 5 then return null; end if; return new; end $$';
    const made = mutateSql(sql).map((mutant) => applyMutant(sql, mutant));
    expect(made).toContain(sql.replace('< 5', '<= 5'));
  });

  it('counts offsets in characters where Postgres counts bytes', () => {
    const sql = "select 'é' from t where a < 5";
    expect(mutateSql(sql).map((mutant) => applyMutant(sql, mutant))).toContain(
      sql.replace('<', '<='),
    );
  });
});

describe('SQL in TypeScript', () => {
  it('is changed in strings and templates, and what is put in later stays', () => {
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: the program that is changed has a template
    const source = 'await pool.query(`select a from ${table} where b < $1 limit ${limit}`, [now]);';
    const made = mutateSqlInTypeScript(source).map((mutant) => applyMutant(source, mutant));
    expect(made).toContain(source.replace('b < $1', 'b <= $1'));
    expect(made.every((text) => text.includes('${table}') && text.includes('${limit}'))).toBe(true);
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
  });

  it('never cuts what is put in later in two, nor shows what stood for it', () => {
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: the programs that are changed have templates
    const programs = [
      'await pool.query(`select a from t where b < 5 and at >= ${from}`);',
      "await pool.query(`set lock_timeout = '${seconds}s'`);",
      'await pool.query(`update ${table} set a = 1, b = ${value} where c < 5`);',
    ];
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
    for (const program of programs) {
      for (const mutant of mutateSqlInTypeScript(program)) {
        const rest = applyMutant(program, mutant).replaceAll(/\$\{\w+\}/g, '');
        expect(rest).not.toMatch(/[{}z]/);
      }
    }
  });

  it('is nothing that only begins like a statement', () => {
    expect(mutateSqlInTypeScript("throw new Error('Select a file < 5 MB');")).toEqual([]);
  });
});

it('parses, differs, and keeps its parameters, whatever statement of the examples it is made of', () => {
  const files = globSync('examples/*/*/*.{sql,ts}', { cwd: ROOT }).sort();
  fc.assert(
    fc.property(fc.constantFrom(...files), (file) => {
      const source = readFileSync(join(ROOT, file), 'utf8');
      const isSql = file.endsWith('.sql');
      const mutants = isSql ? mutateSql(source) : mutateSqlInTypeScript(source);
      const texts = mutants.map((mutant) => applyMutant(source, mutant));
      expect(new Set(texts).size).toBe(texts.length);
      expect(texts).not.toContain(source);
      if (isSql) for (const text of texts) parseSync(text);
    }),
    { numRuns: 30 },
  );
}, 60_000);
