import { expect, it } from 'vitest';
import {
  buildMutationRecord,
  countMutants,
  describeChange,
  findUnmatched,
  parseEquivalents,
  parseMutationRecord,
  percentCaught,
} from './mutation-record.ts';
import type { Verdict } from './run-mutants.ts';

const SOURCE = ['function isDue(at, now) {', '  return at <= now;', '}', ''].join('\n');
const START = SOURCE.indexOf('<=');
const MUTANT = {
  operator: 'comparison-boundary',
  start: START,
  end: START + 2,
  replacement: '<',
  meaning: '`<=` became `<`',
};
const SURVIVED: Verdict = {
  path: 'due.ts',
  source: SOURCE,
  mutant: MUTANT,
  asked: 3,
  caughtByReaders: false,
};
const CAUGHT: Verdict = {
  ...SURVIVED,
  caught: { passed: false, test: 'is due', how: 'failed', error: '', file: 'due.test.ts' },
};
const EQUIVALENT = {
  file: 'due.ts',
  was: 'return at <= now;',
  now: 'return at < now;',
  reason: 'no two times are the same to the microsecond',
};

it('shows the changed line before and after, and its place', () => {
  expect(describeChange(SURVIVED)).toEqual({
    file: 'due.ts',
    line: 2,
    column: 13,
    operator: 'comparison-boundary',
    meaning: '`<=` became `<`',
    was: 'return at <= now;',
    now: 'return at < now;',
  });
});

it('counts what any test and what the reader’s tests catch', () => {
  const byReaders = { ...CAUGHT, caughtByReaders: true };
  const record = buildMutationRecord('key', [SURVIVED, CAUGHT, byReaders], []);
  expect(countMutants(record)).toEqual({ mutants: 3, caught: 2, caughtByReaders: 1 });
  expect(percentCaught(countMutants(record))).toBe(33);
});

it('says what another test catches though the reader’s tests let it pass', () => {
  const { survivors } = buildMutationRecord('key', [SURVIVED, CAUGHT], []);
  expect(survivors.map(({ caughtByOthers }) => caughtByOthers)).toEqual([undefined, true]);
});

it('does not count a survivor that is declared equivalent', () => {
  const record = buildMutationRecord('key', [SURVIVED], [EQUIVALENT]);
  expect(countMutants(record)).toEqual({ mutants: 0, caught: 0, caughtByReaders: 0 });
  expect(record.survivors).toEqual([]);
  expect(record.equivalents[0]?.reason).toBe(EQUIVALENT.reason);
});

it('counts a mutant that a test catches, though it is declared equivalent', () => {
  const record = buildMutationRecord('key', [CAUGHT], [EQUIVALENT]);
  expect(countMutants(record).mutants).toBe(1);
  expect(findUnmatched(record, [EQUIVALENT])).toEqual([EQUIVALENT]);
});

it('finds a declaration whose line is not there any more', () => {
  const record = buildMutationRecord('key', [SURVIVED], []);
  const gone = { ...EQUIVALENT, was: 'return at <= then;' };
  expect(findUnmatched(record, [gone])).toEqual([gone]);
});

it('reads what it writes', () => {
  const record = buildMutationRecord('key', [SURVIVED, CAUGHT], [EQUIVALENT]);
  expect(parseMutationRecord(JSON.stringify(record))).toEqual(record);
});

it('refuses a declaration without a reason', () => {
  const text = JSON.stringify([{ ...EQUIVALENT, reason: 'obvious' }]);
  expect(() => parseEquivalents(text)).toThrow('a reason says why');
});
