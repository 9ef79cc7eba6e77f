import { expect, it } from 'vitest';
import { areaOf, examplePath, findPatternFile, PATTERN_ID, pagePath, slugOf } from './ids.ts';

it.each(['jobs/queue', 'api-design/http2-push', 'a/b'])('takes %s as an id', (id) => {
  expect(PATTERN_ID.test(id)).toBe(true);
});

it.each(['queue', 'jobs/', 'Jobs/queue', 'jobs/queue/deep', 'jobs/-queue', 'jobs/2fa', '../x/y'])(
  'does not take %s as an id',
  (id) => {
    expect(PATTERN_ID.test(id)).toBe(false);
  },
);

it('takes an id apart and names what belongs to it', () => {
  const id = 'jobs/job-queue';
  expect([areaOf(id), slugOf(id)]).toEqual(['jobs', 'job-queue']);
  expect(pagePath(id)).toBe('patterns/jobs/job-queue.md');
  expect(examplePath(id)).toBe('examples/jobs/job-queue');
  expect(examplePath(id, 'sql/schema.sql')).toBe('examples/jobs/job-queue/sql/schema.sql');
});

it.each([
  ['patterns/jobs/queue.md', { id: 'jobs/queue', file: undefined }],
  ['examples/jobs/queue/sql/schema.sql', { id: 'jobs/queue', file: 'sql/schema.sql' }],
  ['examples\\jobs\\queue\\jobs.ts', { id: 'jobs/queue', file: 'jobs.ts' }],
  ['examples/jobs/queue', undefined],
  ['examples/kit/postgres/pool.ts', undefined],
  ['patterns/jobs/queue.txt', undefined],
  ['docs/patterns/jobs/queue.md', undefined],
  ['README.md', undefined],
])('finds the pattern of %s', (path, found) => {
  expect(findPatternFile(path)).toEqual(found);
});
