import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/files/root.ts';
import { readSourcePatterns } from './read-pattern.ts';
import { writeStandard, writeTexts } from './write-texts.ts';

const patterns = new Map(readSourcePatterns(ROOT).map((pattern) => [pattern.id, pattern]));

describe.each([...patterns])('what an agent reads of %s', (_, pattern) => {
  const text = writeStandard(pattern);

  it('says what remains to be done of the first failures', () => {
    const remains = (pattern.proof?.failures ?? []).slice(0, 6).map((one) => one.remains);
    expect(remains).toHaveLength(6);
    for (const one of remains) expect(text).toContain(one);
  });

  it('shows code, and how it is wired where the page does', () => {
    const wire = /```ts source="([\w./-]+#wire)"/.exec(pattern.body)?.[1];
    expect(text).toContain(wire ? `source="${wire}"` : '\n```');
  });

  it('names files as they are in a project, and links to none that is only here', () => {
    expect(Object.values(writeTexts(pattern)).join()).not.toContain('failures.test.ts');
    expect(text).not.toMatch(/\]\(\.\.?\//);
  });
});

it.each([
  ['jobs/background-jobs', '`queue.enqueue(tx, [{ kind, payload }])`'],
  ['jobs/background-jobs', '`uniqueKey` is not one: it only merges jobs that have not begun'],
  ['jobs/background-jobs', 'needs select, insert, update and delete on jobs, dead_jobs.'],
  ['api-design/error-handling', 'It gives an `HttpException` to `super.catch`'],
  ['integrations/webhook-receiving', 'In NestJS, pass `rawBody: true`'],
  [
    'multi-tenancy/tenant-isolation-rls',
    'Apply roles.sql (run by a superuser in the new database, before the schema), then schema.sql (applied by tenancy_owner, never by a superuser).',
  ],
])('what an agent reads of %s says: %s', (id, words) => {
  const pattern = patterns.get(id);
  expect(pattern && writeStandard(pattern)).toContain(words);
});
