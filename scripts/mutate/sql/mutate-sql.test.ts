import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parseSync } from 'libpg-query';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../files/root.ts';
import { applyMutant } from '../apply-mutant.ts';
import { SQL_QUERY_EXAMPLES } from '../testing/sql-query-examples.ts';
import { inBody, SQL_SCHEMA_EXAMPLES } from '../testing/sql-schema-examples.ts';
import { mutateSql, SQL_OPERATORS } from './mutate-sql.ts';
import { mutateSqlInTypeScript } from './sql-in-typescript.ts';

const TABLE = [...SQL_QUERY_EXAMPLES, ...SQL_SCHEMA_EXAMPLES];

describe('an SQL operator', () => {
  it.each(TABLE)('%s: %s', (operator, from, to) => {
    const made = mutateSql(from).filter((mutant) => mutant.operator === operator);
    expect(made.map((mutant) => applyMutant(from, mutant))).toContain(to);
  });

  it('has a row in the table', () => {
    const tested = new Set(TABLE.map(([operator]) => operator));
    expect(SQL_OPERATORS.filter(({ name }) => !tested.has(name))).toEqual([]);
  });

  it('does not change what is not a rule: sizes of types, comments, what is written to a log', () => {
    expect(mutateSql('create table t (a varchar(20)) -- 5 < 6')).toEqual([]);
    expect(mutateSql(inBody("raise notice 'a';"))).toEqual([]);
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

it('parses, differs, and keeps its parameters, whatever statement of the examples it is made of', () => {
  const files = globSync('examples/*/*/*.{sql,ts}', { cwd: ROOT }).sort();
  fc.assert(
    fc.property(fc.constantFrom(...files), (file) => {
      const source = readFileSync(join(ROOT, file), 'utf8');
      const parsesAsSql = file.endsWith('.sql');
      const mutants = parsesAsSql ? mutateSql(source) : mutateSqlInTypeScript(source);
      const texts = mutants.map((mutant) => applyMutant(source, mutant));
      expect(new Set(texts).size).toBe(texts.length);
      expect(texts).not.toContain(source);
      if (parsesAsSql) for (const text of texts) parseSync(text);
    }),
    { numRuns: 30 },
  );
}, 60_000);
