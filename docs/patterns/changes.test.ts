import { expect, it } from 'vitest';
import { findHistory, listChanges } from './changes.ts';
import { parseCommits } from './commits.ts';
import type { SitePattern } from './library.ts';

const commits = parseCommits(
  [
    '',
    'd4 2026-11-22T18:00:00Z\n\npatterns/jobs/queue.md\nexamples/jobs/queue/app.ts\n',
    'c3 2026-11-22T10:00:00Z\n\nexamples/jobs/queue/queue.ts\n',
    'b2 2026-11-20T10:00:00Z\n\npatterns/jobs/loop.md\n',
    'a1 2026-11-01T10:00:00Z\n\npatterns/jobs/queue.md\nexamples/jobs/queue/schema.sql\n',
  ].join('\0'),
);

const FILES: Record<string, string[]> = {
  'jobs/queue': [
    'patterns/jobs/queue.md',
    'examples/jobs/queue/queue.ts',
    'examples/jobs/queue/schema.sql',
  ],
  'jobs/loop': ['patterns/jobs/loop.md'],
  'jobs/unborn': ['patterns/jobs/unborn.md'],
};

const patterns = Object.keys(FILES).map((id) => ({ id, data: { files: [] } }));

const list = (known = commits) =>
  listChanges(patterns as unknown as SitePattern[], known, (_, id) => FILES[id] ?? []);

it('names the files that changed on the day of the last change, of those that a reader has', () => {
  expect(findHistory(commits, FILES['jobs/queue'] ?? [])).toEqual({
    published: new Date('2026-11-01T10:00Z'),
    changed: new Date('2026-11-22T18:00Z'),
    latest: ['patterns/jobs/queue.md', 'examples/jobs/queue/queue.ts'],
  });
});

it('lists a pattern when it appeared, and again when it changed on a later day', () => {
  const told = list().map(({ pattern, date, isNew, files }) => {
    return { id: pattern.id, day: date.getUTCDate(), isNew, files };
  });
  expect(told).toEqual([
    { id: 'jobs/queue', day: 22, isNew: false, files: ['queue.ts'] },
    { id: 'jobs/loop', day: 20, isNew: true, files: [] },
    { id: 'jobs/queue', day: 1, isNew: true, files: [] },
  ]);
});

it('knows no change where there is no history', () => {
  expect(list(new Map())).toEqual([]);
});
