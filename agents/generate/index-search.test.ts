import { expect, it } from 'vitest';
import { type IndexedPattern, indexSearch } from './index-search.ts';

const TOPICS = [
  { id: 'jobs/queue', title: 'Queue', promise: 'Work later.' },
  { id: 'jobs/cron', title: 'Calendars', promise: 'Work on Mondays.' },
  { id: 'jobs/batch', title: 'Batches', promise: 'Work in bulk on Mondays.' },
];

function describePage(
  id: string,
  title: string,
  body: string,
  topics: string[] = [],
): IndexedPattern {
  const lists = { symptoms: {}, keywords: [], useWhen: [], references: [], topics };
  const data = { title, summary: '', ...lists };
  return { id, data, body: `## Problem\n\n${body}` };
}

const { words } = indexSearch(
  [
    describePage('jobs/queue', 'Queue', 'A worker claims a lease.', ['jobs/batch']),
    describePage('jobs/outbox', 'Outbox', 'A worker relays.'),
  ],
  TOPICS,
);

it('says less of a mention the more pages have the word', () => {
  expect(words.leas?.[1]).toEqual([[0, 0.2]]);
  expect(words.worker?.[1]).toEqual([]);
  expect(words.outbox?.[1]).toEqual([[1, 1.25]]);
});

it('has the words of topics that no page answers', () => {
  expect(words.calendar?.[2]).toEqual([0]);
  expect(words.bulk?.[2]).toBeUndefined();
  expect(words.mondai?.[2]).toEqual([0]);
});

it('has the words that people ask with, of a page and of a topic without one', () => {
  const asked = indexSearch(
    [describePage('jobs/queue', 'Queue', 'A worker claims a lease.')],
    [
      { id: 'jobs/queue', title: '', promise: '', asked: 'bullmq' },
      { id: 'outside/games', title: '', promise: '', asked: 'chess' },
    ],
  );
  expect(asked.words.bullmq?.[1]).toEqual([[0, 0.7]]);
  expect(asked.words.chess?.[2]).toEqual([0]);
  expect(asked.words.outsid?.[2]).toBeUndefined();
  expect(asked.topics).toEqual([{ id: 'outside/games', title: '' }]);
});
