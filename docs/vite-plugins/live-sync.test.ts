import { expect, it } from 'vitest';
import { findPatternOf } from './live-sync.ts';

it.each([
  ['patterns/jobs/outbox.md', 'jobs/outbox'],
  ['examples/jobs/outbox/outbox.ts', 'jobs/outbox'],
  ['examples/jobs/outbox/proof.json', 'jobs/outbox'],
  ['examples/jobs/outbox/vectors/one.json', 'jobs/outbox'],
  ['examples/jobs/outbox/.data/postgres/base', undefined],
  ['examples/jobs/outbox/node_modules/pg/index.js', undefined],
  ['examples/kit/time/clock.ts', undefined],
  ['docs/site.ts', undefined],
])('finds that %s belongs to %s', (path, id) => {
  expect(findPatternOf(path)).toBe(id);
});
