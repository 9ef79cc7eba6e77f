import { expect, it } from 'vitest';
import { repositoryUrl } from '../site.ts';
import { resolveSiteLink } from './repository-links.ts';

const page = 'patterns/auth/sessions.md';

it.each([
  ['../jobs/outbox.md#run-it', '/patterns/jobs/outbox/#run-it'],
  ['jwt.md', '/patterns/auth/jwt/'],
  ['../../docs/content/docs/guides/getting-started.md', '/guides/getting-started/'],
  ['../../docs/content/docs/index.mdx', '/'],
  [
    '../../examples/auth/sessions/app.ts',
    `${repositoryUrl}/tree/main/examples/auth/sessions/app.ts`,
  ],
  ['../../README.md', `${repositoryUrl}/tree/main/README.md`],
  ['https://www.rfc-editor.org/rfc/rfc9700', 'https://www.rfc-editor.org/rfc/rfc9700'],
  ['/guides/getting-started/', '/guides/getting-started/'],
  ['#security', '#security'],
])('leads from a pattern page by %s to %s', (url, expected) => {
  expect(resolveSiteLink(page, url)).toBe(expected);
});
