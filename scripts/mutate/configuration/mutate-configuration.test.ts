import { globSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { applyMutant } from '../apply-mutant.ts';
import { mutateConfiguration } from './mutate-configuration.ts';
import { CONFIGURATION_OPERATORS } from './operators.ts';

const root = new URL('../../../', import.meta.url);
const files = globSync('examples/*/*/*.{conf,ini,yml,yaml}', { cwd: root }).map((path) => {
  const source = readFileSync(new URL(path, root), 'utf8');
  return { path, source, mutants: mutateConfiguration(path, source) };
});
const anyMutant = fc.constantFrom(
  ...files.flatMap(({ path, source, mutants }) =>
    mutants.map((mutant) => ({ path, source, mutant })),
  ),
);

describe('the mutants of any example', () => {
  it('differ from the source outside of comments', () => {
    fc.assert(
      fc.property(anyMutant, ({ source, mutant }) => {
        expect(withoutComments(applyMutant(source, mutant))).not.toBe(withoutComments(source));
      }),
    );
  });

  it('replace a span of the source', () => {
    fc.assert(
      fc.property(anyMutant, ({ source, mutant: { start, end, replacement } }) => {
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeGreaterThanOrEqual(start);
        expect(end).toBeLessThanOrEqual(source.length);
        expect(replacement).not.toBe(source.slice(start, end));
      }),
    );
  });

  it('are YAML where the source is, and leave no bracket open', () => {
    fc.assert(
      fc.property(anyMutant, ({ path, source, mutant }) => {
        const text = applyMutant(source, mutant);
        expect(countOpen(text)).toBe(countOpen(source));
        if (path.endsWith('.yml')) expect(parse(text)).not.toEqual(parse(source));
      }),
    );
  });

  it.each(files)('of $path make a text each, in the order of their places', (file) => {
    const { path, source, mutants } = file;
    expect(new Set(mutants.map((one) => applyMutant(source, one))).size).toBe(mutants.length);
    const starts = mutants.map(({ start }) => start);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(mutateConfiguration(path, source)).toEqual(mutants);
  });

  it.each(files)('of $path are between a half and one and a half for each line', (file) => {
    const perLine = file.mutants.length / file.source.split('\n').length;
    expect(perLine).toBeGreaterThan(0.5);
    expect(perLine).toBeLessThan(1.5);
  });
});

describe('what is left alone', () => {
  it.each([
    ['JSON', 'settings.json', '{ "a": 1 }'],
    ['a kind that is not known', 'run.sh', 'sleep 5'],
    ['a comment of nginx', 'site.conf', '# gzip on;\n# a 5;'],
    ['a comment of Mosquitto', 'mosquitto.conf', '# max_queued_messages 0'],
    ['a comment of PgBouncer', 'pgbouncer.ini', '; a = 1'],
    ['a comment of YAML', 'a.yml', '# a: 1'],
    ['the only entry', 'a.yml', 'a: text'],
  ])('is %s', (_, path, source) => {
    expect(mutateConfiguration(path, source)).toEqual([]);
  });
});

it('refuses what is not YAML, with the place and the reason', () => {
  expect(() => mutateConfiguration('a.yml', 'a: b\nc: {')).toThrow(/line 2/);
});

describe('the table of operators', () => {
  it('names each operator once, and says what it does', () => {
    const names = CONFIGURATION_OPERATORS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(CONFIGURATION_OPERATORS.filter(({ description }) => description === '')).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replaceAll(/(^|\s)#.*/g, '').replaceAll(/\s+/g, ' ');
}

function countOpen(text: string): number {
  return text.split(/[({[]/).length - text.split(/[)}\]]/).length;
}
