import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Mutant } from '../mutant.ts';
import { createCompileFilter } from './compile-filter.ts';
import { mutateTypeScript } from './mutate-typescript.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const keepCompiling = createCompileFilter({ root });
const file = 'examples/jobs/background-jobs/virtual.ts';

/** What is kept of the changes of `before` to each of `after`. */
function keep(source: string, before: string, after: string[]): string[] {
  const start = source.indexOf(before);
  const mutants: Mutant[] = after.map((replacement) => ({
    operator: 'test',
    start,
    end: start + before.length,
    replacement,
    meaning: '',
  }));
  return keepCompiling(file, source, mutants).map(({ replacement }) => replacement);
}

describe('a mutant is kept', () => {
  it('when its types fit, and not when they do not', () => {
    const source = 'export const size: number = 1 + 1;\n';
    expect(keep(source, '1 + 1', ['2', "'2'", 'size', '3'])).toEqual(['2', '3']);
  });

  it('when the types of a neighbour and of a package fit', () => {
    const source = [
      "import type { Pool } from 'pg';",
      "import { createJobQueue } from './job-queue.ts';",
      'export const claim = (pool: Pool) =>',
      "  createJobQueue({ pool }).claim(['a'], 1, 30);",
    ].join('\n');
    expect(keep(source, "claim(['a'], 1, 30)", ["claim(['b'], 2, 3)", "claim(['a'])"])).toEqual([
      "claim(['b'], 2, 3)",
    ]);
    expect(keep(source, '{ pool }', ['{ pool: 1 }', '{ pool: pool }'])).toEqual(['{ pool: pool }']);
  });

  it('under the rules of the repository', () => {
    const source = 'export const first = (list: string[]): number => list[0]?.length ?? 0;\n';
    expect(keep(source, 'list[0]?.length', ['list[0].length', 'list[1]?.length'])).toEqual([
      'list[1]?.length',
    ]);
  });

  it('when only a name is unused, or a line is never reached', () => {
    const source =
      'export function f(a: number): number {\n  if (a > 1) return a;\n  return 1;\n}\n';
    expect(keep(source, 'if (a > 1) return a;', ['', 'return 2;'])).toEqual(['', 'return 2;']);
  });

  it('not when it is not TypeScript', () => {
    expect(keep('export const a = 1;\n', '1', ['1 +', '2'])).toEqual(['2']);
  });
});

describe('a file', () => {
  it('that does not compile is refused with the place and the reason', () => {
    const source = '\nexport const a: string = 1;\n';
    expect(() => keepCompiling(file, source, [])).toThrow(
      `${file}:2 does not compile: Type 'number' is not assignable to type 'string'.`,
    );
  });

  it('may be met again with another text', () => {
    expect(keep('export const a: number = 1;\n', '1', ["''"])).toEqual([]);
    expect(keep('export const a: string = "1";\n', '"1"', ["''"])).toEqual(["''"]);
  });
});

describe('the mutants of a real file', () => {
  it('mostly compile, and those that do not are dropped', () => {
    const source = [
      'export function shorten(text: string, most = 10): string {',
      '  if (text.length <= most) return text;',
      '  return text.trim().slice(0, most);',
      '}',
    ].join('\n');
    const mutants = mutateTypeScript(source);
    const kept = keepCompiling(file, source, mutants);
    expect(mutants.length - kept.length).toBeLessThan(mutants.length / 2);
    expect(kept.map(({ operator }) => operator)).toContain('link-dropped');
  });
});
