import { expect, it } from 'vitest';
import { linkOutside, writeNeighbours, writeTwin } from './markdown-twin.ts';

const page = (body: string) =>
  writeTwin({ path: 'patterns/jobs/queue.md', title: 'Jobs', summary: 'Work later.', body });

it('begins with title and summary', () => {
  expect(page('Text.')).toBe('# Jobs\n\n> Work later.\n\nText.\n');
});

it('leaves out the markers of generated blocks, and nothing of code', () => {
  const body = [
    '<!-- generated:failures -->',
    '',
    '| a |',
    '',
    '<!-- /generated:failures -->',
    '',
    '```ts',
    "import { z } from 'zod';",
    '<List />',
    '```',
    '',
    'End.',
  ].join('\n');

  expect(page(body)).toBe(
    "# Jobs\n\n> Work later.\n\n| a |\n\n```ts\nimport { z } from 'zod';\n<List />\n```\n\nEnd.\n",
  );
});

it('names what it builds on and what builds on it, and neither where there is none', () => {
  const titles = new Map([['postgres/locks', 'Locks']]);
  const facts = (usedBy: string[]) =>
    writeNeighbours({ buildsOn: ['postgres/locks'], usedBy, related: [] }, titles);

  expect(facts([])).toEqual(['Builds on:\n- [Locks](/patterns/postgres/locks.md)']);
  expect(facts(['a/b'])[1]).toBe('Used by:\n- [a/b](/patterns/a/b.md)');
});

it('links to the twin of another page, and to a file on the web', () => {
  const body = '[a[0]](../auth/login.md#run-it) [`b`](../../examples/jobs/queue/nginx.conf)';
  const link = (repository: string) => linkOutside('patterns/jobs/queue.md', body, repository);

  expect(link('https://git.example/t')).toBe(
    '[a[0]](/patterns/auth/login.md#run-it) [`b`](https://git.example/t/tree/main/examples/jobs/queue/nginx.conf)',
  );
  expect(link('')).toBe('[a[0]](/patterns/auth/login.md#run-it) `b`');
  expect(page('[a](../auth/login.md)')).toContain('[a](/patterns/auth/login.md)');
});
