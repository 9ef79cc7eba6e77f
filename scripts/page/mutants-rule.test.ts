import { expect, it } from 'vitest';
import type { MutationRecord } from '../mutate/mutation-record.ts';
import { checkMutants, type MutantsInput } from './mutants-rule.ts';

const EQUIVALENT = {
  file: 'jobs.ts',
  was: 'a <= b',
  now: 'a < b',
  reason: 'no test can tell these two apart',
};

it('lets a page of level 4 pass whose reader’s tests catch 90 %', () => {
  expect(check({ mutants: record(90) })).toEqual([]);
});

it('says which level a page may claim below 90 %', () => {
  const [finding] = checkMutants(input({ mutants: record(89) }));
  expect(finding?.code).toBe('mutants-survive');
  expect(finding?.message).toContain('89 of 100 are (89 %): this page may claim level 3');
});

it('demands a record of level 4 and none below', () => {
  expect(check({})).toEqual(['mutants-survive']);
  expect(check({ level: 3 })).toEqual([]);
});

it('finds a record of other sources, at any level', () => {
  expect(check({ mutants: record(100), key: 'other', level: 1 })).toEqual(['mutants-stale']);
});

it('finds a record and declarations that cannot be read', () => {
  expect(check({ mutants: '{}' })).toEqual(['mutants-invalid']);
  expect(check({ mutants: record(95), equivalents: '[{}]' })).toEqual(['equivalents-invalid']);
});

it('finds a declaration that fits no survivor', () => {
  const equivalents = JSON.stringify([EQUIVALENT]);
  expect(check({ mutants: record(95), equivalents })).toEqual(['equivalent-unmatched']);
  expect(check({ mutants: record(95, [EQUIVALENT]), equivalents })).toEqual([]);
});

function check(changes: Partial<MutantsInput>): string[] {
  return checkMutants(input(changes)).map(({ code }) => code);
}

function input(changes: Partial<MutantsInput>): MutantsInput {
  const locateClaim = () => ({ file: 'patterns/jobs/queue.md', line: 4, column: 1 });
  const texts = { mutants: undefined, equivalents: undefined };
  return { id: 'jobs/queue', level: 4, locateClaim, key: 'key', ...texts, ...changes };
}

function record(caught: number, equivalents: (typeof EQUIVALENT)[] = []): string {
  const counts = { generated: 100, caught: 99, caughtByReaders: caught, equivalent: 0 };
  const place = { line: 1, column: 1, operator: 'comparison-boundary', meaning: '' };
  const value: MutationRecord = {
    key: 'key',
    files: { 'jobs.ts': counts },
    survivors: [],
    equivalents: equivalents.map((one) => ({ ...place, ...one })),
  };
  return JSON.stringify(value);
}
