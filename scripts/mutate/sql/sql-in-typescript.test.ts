import { describe, expect, it } from 'vitest';
import { applyMutant } from '../apply-mutant.ts';
import { mutateSqlInTypeScript } from './sql-in-typescript.ts';

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
