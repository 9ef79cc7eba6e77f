import { expect, it } from 'vitest';
import { ROOT } from '../../scripts/files/root.ts';
import ASKED from './asked-words.json' with { type: 'json' };
import { listOutside, readTopics } from './read-topics.ts';

const topics = readTopics(ROOT);

it('has words that people ask with for each topic of the catalogue', () => {
  expect(topics.filter(({ asked }) => !asked).map(({ id }) => id)).toEqual([]);
});

it('has such words for no topic that the catalogue has not', () => {
  const ids = new Set(topics.map(({ id }) => id));
  expect(Object.keys(ASKED.topics).filter((id) => !ids.has(id))).toEqual([]);
});

it('keeps the fields outside of the library apart from its topics', () => {
  const areas = new Set(topics.map(({ id }) => id.split('/')[0]));
  expect(areas).not.toContain('outside');
  expect(listOutside().every(({ id, asked }) => id.startsWith('outside/') && asked)).toBe(true);
});
