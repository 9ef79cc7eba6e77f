import { expect, it } from 'vitest';
import { resolveSiteLink } from './repository-links.ts';

const page = 'patterns/auth/sessions.md';
const REPOSITORY = 'https://git.example/touchstone';

it.each([
  ['../jobs/outbox.md#run-it', '/patterns/jobs/outbox/#run-it'],
  ['jwt.md', '/patterns/auth/jwt/'],
  ['../../docs/content/docs/guides/getting-started.md', '/guides/getting-started/'],
  ['../../docs/content/docs/index.mdx', '/'],
  ['../../examples/auth/sessions/app.ts', `${REPOSITORY}/tree/main/examples/auth/sessions/app.ts`],
  ['../../README.md', `${REPOSITORY}/tree/main/README.md`],
  ['https://www.rfc-editor.org/rfc/rfc9700', 'https://www.rfc-editor.org/rfc/rfc9700'],
  ['/guides/getting-started/', '/guides/getting-started/'],
  ['#security', '#security'],
])('leads from a pattern page by %s to %s', (url, expected) => {
  expect(resolveSiteLink(page, url, REPOSITORY)).toBe(expected);
});

it('leads to no file of a repository that is not on the web, and to pages all the same', () => {
  expect(resolveSiteLink(page, '../../README.md', '')).toBeUndefined();
  expect(resolveSiteLink(page, 'jwt.md', '')).toBe('/patterns/auth/jwt/');
});
