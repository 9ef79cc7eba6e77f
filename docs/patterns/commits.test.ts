import { expect, it } from 'vitest';
import { findLastUpdated, parseCommits, readCommits } from './commits.ts';

const log = [
  '',
  'd4 2026-11-22T10:00:00Z\n\nexamples/auth/sessions/proof.json\nexamples/auth/sessions/package.json\n',
  'c3 2026-11-20T10:00:00Z\n\nexamples/auth/sessions/app.ts\n',
  'b2 2026-11-18T10:00:00Z\n\npatterns/auth/sessions.md\npatterns/auth/jwt.md\n',
  'a1 2026-11-01T10:00:00Z\n\nexamples/auth/sessions/app.ts\n',
].join('\0');

it('takes the newest change of the files that are named, and of no other', () => {
  const commits = parseCommits(log);
  const files = ['patterns/auth/sessions.md', 'examples/auth/sessions/app.ts'];
  expect(findLastUpdated(commits, files)).toEqual(new Date('2026-11-20T10:00Z'));
  expect(findLastUpdated(commits, files.slice(0, 1))).toEqual(new Date('2026-11-18T10:00Z'));
  expect(findLastUpdated(commits, ['docs/content/docs/index.mdx'])).toBeUndefined();
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
