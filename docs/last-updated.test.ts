import { expect, it } from 'vitest';
import { findLastUpdated, parseCommitDates, readCommitDates } from './last-updated.ts';

const log = [
  '',
  '2026-11-20T10:00:00Z\n\nexamples/auth/sessions/app.ts\n',
  '2026-11-18T10:00:00Z\n\npatterns/auth/sessions.md\npatterns/auth/jwt.md\n',
  '2026-11-01T10:00:00Z\n\nexamples/auth/sessions/app.ts\n',
].join('\0');

it('takes the newer of a page and its example', () => {
  const dates = parseCommitDates(log);
  expect(findLastUpdated(dates, 'patterns/auth/sessions.md')).toEqual(
    new Date('2026-11-20T10:00Z'),
  );
  expect(findLastUpdated(dates, 'patterns/auth/jwt.md')).toEqual(new Date('2026-11-18T10:00Z'));
  expect(findLastUpdated(dates, 'docs/content/docs/index.mdx')).toBeUndefined();
});

it('knows no dates where there is no git history', () => {
  expect(readCommitDates('/')).toEqual(new Map());
});
