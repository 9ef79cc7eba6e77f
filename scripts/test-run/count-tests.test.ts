import { describe, expect, it } from 'vitest';
import { ROOT } from '../files/root.ts';
import { countTests, describeTests, type TestRun } from './count-tests.ts';

const here = { code: 0, onCi: false };

function runOf(
  testResults: Partial<TestRun['testResults'][number]>[],
  numPendingTests = 0,
): TestRun {
  const file = { name: 'x.test.ts', status: 'passed', startTime: 0, endTime: 0 };
  const results = testResults.map((result) => ({ ...file, assertionResults: [], ...result }));
  const count = (status: string) =>
    results.flatMap((result) => result.assertionResults).filter((test) => test.status === status)
      .length;
  return {
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests,
    numTodoTests: 0,
    testResults: results,
  };
}

const passed = { status: 'passed' };
const failed = { status: 'failed' };

describe('countTests', () => {
  it('counts each test once', () => {
    const run = runOf([{ status: 'failed', assertionResults: [passed, failed, passed] }]);
    expect(countTests(run, { ...here, code: 1 })).toEqual({ passed: 2, failed: 1 });
  });

  it('counts a file that does not load as failed', () => {
    const run = runOf([{ status: 'failed' }, { assertionResults: [passed] }]);
    expect(countTests(run, { ...here, code: 1 })).toEqual({ passed: 1, failed: 1 });
  });

  it('counts an exit code that no test explains as failed', () => {
    const run = runOf([{ assertionResults: [passed] }]);
    expect(countTests(run, { ...here, code: 1 })).toEqual({ passed: 1, failed: 1 });
  });

  it('lets a skipped test pass by on a desk and fail on CI', () => {
    const run = runOf([{ assertionResults: [passed] }], 2);
    expect(countTests(run, here)).toEqual({ passed: 1, failed: 0 });
    expect(countTests(run, { ...here, onCi: true })).toEqual({ passed: 1, failed: 2 });
  });
});

describe('describeTests', () => {
  it('adds up the time of the files of each example, and names what was skipped', () => {
    const run = runOf(
      [
        { name: `${ROOT}/examples/auth/one/a.test.ts`, startTime: 0, endTime: 1200 },
        { name: `${ROOT}/examples/auth/one/b.test.ts`, startTime: 500, endTime: 1000 },
        { name: `${ROOT}/examples/kit/c.test.ts`, startTime: 0, endTime: 9000 },
      ],
      1,
    );
    expect(describeTests(run)).toEqual(['auth/one 1.7 s', '1 skipped']);
  });
});
