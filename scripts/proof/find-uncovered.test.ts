import { expect, it } from 'vitest';
import { createTestRecord } from './create-test-record.ts';
import { findUncovered } from './find-uncovered.ts';

const record = createTestRecord({
  executed: new Map([['queue.ts', []]]),
  evidence: new Map([['schema.sql', 'applied']]),
});

it('finds nothing when the key covers all that the tests used', () => {
  const files = new Set(['examples/jobs/queue/queue.ts', 'examples/jobs/queue/schema.sql']);
  expect(findUncovered('jobs/queue', [record, record], files)).toEqual([]);
});

it('names each file that a test used and the key does not cover', () => {
  const files = new Set(['examples/jobs/queue/schema.sql', 'examples/jobs/other/queue.ts']);
  expect(findUncovered('jobs/queue', [record, record], files)).toEqual([
    'a test used queue.ts, which no test, demo or taken file imports or names in a string: name it where it is used',
  ]);
});
