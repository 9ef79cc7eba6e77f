// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these strings are programs
import { globSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { applyMutant } from '../apply-mutant.ts';
import { mutateTypeScript } from './mutate-typescript.ts';
import { TYPESCRIPT_OPERATORS } from './operators.ts';

const root = new URL('../../../', import.meta.url);
const examples = globSync('examples/*/*/*.ts', { cwd: root })
  .filter((path) => !path.includes('test') && !path.includes('bench'))
  .map((path) => readFileSync(new URL(path, root), 'utf8'))
  .map((source) => ({ source, mutants: mutateTypeScript(source) }));
const anyExample = oneOf(examples);
const anyMutant = oneOf(
  examples.flatMap(({ source, mutants }) => mutants.map((mutant) => ({ source, mutant }))),
);

/** Not `constantFrom(...values)`: of a whole library they are more than a call can take. */
function oneOf<T>(values: T[]): fc.Arbitrary<T> {
  return fc.integer({ min: 0, max: values.length - 1 }).map((index) => {
    const value = values[index];
    if (value === undefined) throw new Error(`nothing at ${index}`);
    return value;
  });
}

describe('the mutants of any example', () => {
  it('parse', () => {
    fc.assert(
      fc.property(anyMutant, ({ source, mutant }) => {
        expect(listFaults(applyMutant(source, mutant))).toEqual([]);
      }),
    );
  });

  it('differ from the source in more than white space', () => {
    fc.assert(
      fc.property(anyMutant, ({ source, mutant }) => {
        expect(listTokens(applyMutant(source, mutant))).not.toEqual(listTokens(source));
      }),
    );
  });

  it('replace a span of the source by another text', () => {
    fc.assert(
      fc.property(anyMutant, ({ source, mutant: { start, end, replacement } }) => {
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeGreaterThanOrEqual(start);
        expect(end).toBeLessThanOrEqual(source.length);
        expect(replacement).not.toBe(source.slice(start, end));
      }),
    );
  });

  it('make a text each, in the order of their places', () => {
    fc.assert(
      fc.property(anyExample, ({ source, mutants }) => {
        expect(new Set(mutants.map((one) => applyMutant(source, one))).size).toBe(mutants.length);
        const places = mutants.map(({ start, end, replacement }) => [start, end, replacement]);
        expect(places).toEqual(places.toSorted(comparePlaces));
        expect(mutateTypeScript(source)).toEqual(mutants);
      }),
      { numRuns: 20 },
    );
  });

  it('are fewer than one and a half for each line', () => {
    const lines = examples.flatMap(({ source }) => source.split('\n')).length;
    const mutants = examples.flatMap((example) => example.mutants).length;
    expect(mutants / lines).toBeLessThan(1.5);
    expect(mutants / lines).toBeGreaterThan(0.5);
  });
});

describe('what is left alone', () => {
  it.each([
    ['a type', 'type A = { b: 1 | 2; c: "d" }; let e: true;'],
    ['an interface', 'interface A { b: 1 }'],
    ['an import', "import { a } from './b.ts'; export { c } from 'd';"],
    ['a comment', '// a && b\n/* await c(); */'],
    ['what an info log says', 'log.info(`a${b}`, { c: d ? 1 : 2 });'],
    ['what a warning says', "const f = () => log.warn('a', { b: c + 1 });"],
    ['the message and cause of an error', "const f = () => new AError('a b', { cause: c + 1 });"],
  ])('is %s', (_, source) => {
    expect(mutateTypeScript(source)).toEqual([]);
  });

  it('is not a condition inside a statement of SQL', () => {
    const source = "q(`select a from b ${c ? 'where d' : ''}`, [1]);";
    const texts = mutateTypeScript(source).map(({ operator }) => operator);
    expect(new Set(texts)).toEqual(
      new Set(['statement-removed', 'condition-forced', 'number-nudged']),
    );
  });
});

describe('the meaning of a change', () => {
  it('is on one line, and at most 60 characters of the source long', () => {
    const source = `query(\n  first,\n  ${'second '.repeat(20)});`;
    const [removed] = mutateTypeScript(source);
    expect(removed?.meaning).toMatch(/^`query\( first, second .{36}\.\.\.` is gone$/);
    expect(mutateTypeScript('a >= b;').map(({ meaning }) => meaning)).toContain('`>=` became `>`');
  });
});

describe('of two operators that make the same text', () => {
  it('the first counts', () => {
    const shortened = mutateTypeScript("x = Promise.all(['a', 'b']);").filter(
      ({ operator }) => operator === 'contender-removed' || operator === 'element-removed',
    );
    expect(shortened.map(({ operator }) => operator)).toEqual([
      'contender-removed',
      'contender-removed',
    ]);
  });
});

describe('the table of operators', () => {
  it('names each operator once, and says what it does', () => {
    const names = TYPESCRIPT_OPERATORS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(TYPESCRIPT_OPERATORS.filter(({ description }) => description === '')).toEqual([]);
  });
});

type Place = (number | string)[];

function comparePlaces(a: Place, b: Place): number {
  const at = a.findIndex((part, index) => part !== b[index]);
  return (a[at] ?? 0) < (b[at] ?? 0) ? -1 : 1;
}

function listFaults(text: string): string[] {
  const { diagnostics = [] } = ts.transpileModule(text, { reportDiagnostics: true });
  return diagnostics.map(({ messageText }) => `${messageText}`);
}

/** Every token but white space and comments. */
function listTokens(text: string): string[] {
  const tokens: string[] = [];
  const visit = (node: ts.Node): void => {
    const children = node.getChildren();
    if (children.length === 0) tokens.push(node.getText());
    children.forEach(visit);
  };
  visit(ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true));
  return tokens;
}
