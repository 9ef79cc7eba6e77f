import { expect, it } from 'vitest';
import { linkEdit, linkIssue, linkSource } from './source-links.ts';

const REPOSITORY = 'https://git.example/touchstone';
const NOT_SET = '';

it('leads to files, edits and issues of the repository that is set', () => {
  expect(linkSource('LICENSE', REPOSITORY)).toBe(`${REPOSITORY}/tree/main/LICENSE`);
  expect(`${linkEdit('README.md', REPOSITORY)}`).toBe(`${REPOSITORY}/edit/main/README.md`);
  expect(linkIssue('Queues & locks', REPOSITORY)).toBe(
    `${REPOSITORY}/issues/new?title=Queues%20%26%20locks%3A%20`,
  );
});

it('gives no link while the repository is not set', () => {
  expect(linkSource('LICENSE', NOT_SET)).toBeUndefined();
  expect(linkEdit('README.md', NOT_SET)).toBeUndefined();
  expect(linkIssue('Queues', NOT_SET)).toBeUndefined();
});
