import type { TestRecord } from './test-report.ts';

/** A test that passed and ran nothing, but for what is given: for tests of what reads records. */
export function createTestRecord(given: Partial<TestRecord> = {}): TestRecord {
  const { title = 'works', file = 'queue.test.ts' } = given;
  return {
    name: `${file} > ${title}`,
    title,
    file,
    fullName: title,
    line: 1,
    milliseconds: 1,
    passed: true,
    executed: new Map(),
    loaded: new Map(),
    evidence: new Map(),
    services: {},
    ...given,
  };
}
