import { expect, it } from 'vitest';
import { findLastUpdated, parseCommits, readCommits } from './commits.ts';

const log = [
  '',
  'c3 2026-11-20T10:00:00Z\n\nexamples/auth/sessions/app.ts\n',
  'b2 2026-11-18T10:00:00Z\n\npatterns/auth/sessions.md\npatterns/auth/jwt.md\n',
  'a1 2026-11-01T10:00:00Z\n\nexamples/auth/sessions/app.ts\n',
].join('\0');

it('takes the newer of a page and its example', () => {
  const commits = parseCommits(log);
  expect(findLastUpdated(commits, 'patterns/auth/sessions.md')).toEqual(
    new Date('2026-11-20T10:00Z'),
  );
  expect(findLastUpdated(commits, 'patterns/auth/jwt.md')).toEqual(new Date('2026-11-18T10:00Z'));
  expect(findLastUpdated(commits, 'docs/content/docs/index.mdx')).toBeUndefined();
});

it('names the newest commit of a file', () => {
  expect(parseCommits(log).get('examples/auth/sessions/app.ts')).toMatchObject({ hash: 'c3' });
});

it('knows when a file was first there', () => {
  expect(parseCommits(log).get('examples/auth/sessions/app.ts')?.first).toEqual(
    new Date('2026-11-01T10:00Z'),
  );
});

it('knows no commits where there is no git history', () => {
  expect(readCommits('/')).toEqual(new Map());
});
