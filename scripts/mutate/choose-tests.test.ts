import { describe, expect, it } from 'vitest';
import { createTestRecord } from '../proof/create-test-record.ts';
import type { Span } from '../proof/executed.ts';
import type { TestRecord } from '../proof/test-report.ts';
import { chooseTests } from './choose-tests.ts';

const READERS = new Set(['failures.test.ts']);
const PLACE = { path: 'queue.ts', mutant: { start: 10, end: 12 } };

describe('the tests that are asked', () => {
  it('are those that ran the place', () => {
    const records = [ran('a', [[0, 20]]), ran('b', [[12, 20]]), ran('c', [[0, 10]])];
    expect(names(records)).toEqual(['a']);
  });

  it('are those that ran the place before which something is inserted', () => {
    const records = [ran('a', [[10, 20]]), ran('b', [[0, 10]])];
    const place = { path: 'queue.ts', mutant: { start: 10, end: 10 } };
    expect(chooseTests(place, records, READERS).flatMap(({ tests }) => [...tests.keys()])).toEqual([
      'a',
    ]);
  });

  it('are all those that applied the file, where no engine ran it', () => {
    const applied = { ...ran('a', []), evidence: new Map([['queue.ts', 'applied' as const]]) };
    expect(names([applied, ran('b', [])])).toEqual(['a']);
  });

  it('are all of a file that ran the place when it was loaded', () => {
    const loaded = new Map([['queue.ts', [[0, 20] as Span]]]);
    const first = { ...ran('first', [[0, 20]]), loaded };
    const elsewhere = { ...ran('elsewhere', []), file: 'app.test.ts' };
    expect(names([first, ran('second', []), elsewhere])).toEqual(['first', 'second']);
  });

  it('are all where no test’s own process ran the place: a program that it started can have', () => {
    expect(names([ran('a', [[0, 5]]), ran('b', [])])).toEqual(['a', 'b']);
  });

  it('are first those that readers copy, and of these first the fastest', () => {
    const records = [
      { ...ran('other', [[0, 20]]), file: 'queue.test.ts', milliseconds: 1 },
      { ...ran('slow', [[0, 20]]), milliseconds: 900 },
      { ...ran('fast', [[0, 20]]), milliseconds: 10 },
    ];
    expect(names(records)).toEqual(['fast', 'slow', 'other']);
  });

  it('may take some times as long as they usually do', () => {
    const [ask] = chooseTests(PLACE, [{ ...ran('a', [[0, 20]]), milliseconds: 2_000 }], READERS);
    expect(ask?.tests.get('a')).toBeGreaterThanOrEqual(10_000);
  });
});

function names(records: TestRecord[]): string[] {
  return chooseTests(PLACE, records, READERS).flatMap(({ tests }) => [...tests.keys()]);
}

function ran(name: string, spans: Span[]): TestRecord {
  return createTestRecord({
    title: name,
    file: 'failures.test.ts',
    milliseconds: 100,
    executed: new Map(spans.length > 0 ? [['queue.ts', spans]] : []),
  });
}
