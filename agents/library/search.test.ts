import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSearch, MIN_SCORE, TOPIC_SHARE } from './search.ts';
import type { SearchIndex } from './search-index.ts';
import type { PatternEntry } from './types.ts';

const ENTRIES = [
  describePattern('auth/tokens', ['Tokens are stolen', 'A refresh fails in two tabs']),
  describePattern('jobs/queue', ['Jobs are stuck']),
  describePattern('storage/uploads', ['Uploads break at 90 %']),
];

/** By hand, so that each score can be worked out with a pencil. */
const INDEX: SearchIndex = {
  ids: ENTRIES.map(({ id }) => id),
  topics: [
    { id: 'auth/rotation', title: 'Rotation' },
    { id: 'billing/invoices', title: 'Invoices' },
    { id: 'outside/games', title: '' },
  ],
  words: {
    credenti: [0.9, [[0, 1]]],
    refresh: [0.8, [[0, 1]]],
    tab: [0.5, [[0, 0.4]]],
    job: [0.9, [[1, 1]]],
    upload: [
      0.9,
      [
        [2, 1],
        [1, 0.4],
      ],
    ],
    tool: [0.1, [], [1]],
    renew: [0.8, [[0, 1]], [0]],
    invoic: [0.9, [], [0, 1]],
    chess: [0.9, [], [2]],
    night: [
      0.9,
      [
        [1, 1],
        [2, 1],
      ],
      [0],
    ],
    storag: [
      0.9,
      [
        [0, 1],
        [2, 1],
      ],
      [0],
    ],
  },
};

const search = createSearch({
  readSearchIndex: () => INDEX,
  find: (id) => ENTRIES.find((entry) => entry.id === id),
});
const listIds = (query: string, options?: Parameters<typeof search>[1]) =>
  search(query, options).hits.map(({ pattern }) => pattern.id);

describe('a search', () => {
  it('finds the page that is about the words', () => {
    expect(search('upload')).toMatchObject({ outcome: 'found', nearest: [] });
    expect(listIds('upload')).toEqual(['storage/uploads']);
  });

  it('scores what the page says, by the root of what the query says', () => {
    const [hit] = search('job upload').hits;
    expect(hit).toMatchObject({ pattern: { id: 'jobs/queue' } });
    expect(hit?.score).toBeCloseTo((0.9 + 0.9 * 0.4) / Math.sqrt(1.8));
  });

  it('leaves out what scores much less than the best', () => {
    expect(listIds('upload upload upload job')).toEqual(['storage/uploads', 'jobs/queue']);
    expect(listIds('upload')).not.toContain('jobs/queue');
  });

  it('shows the symptom that is most like the query', () => {
    expect(search('refresh credential').hits[0]?.symptom).toBe('Tokens are stolen');
    expect(search('tabs refresh renew').hits[0]?.symptom).toBe('A refresh fails in two tabs');
  });

  it('shows no symptom when none has a word of the query', () => {
    const { hits } = search('upload night');
    expect(hits.map(({ symptom }) => symptom)).toEqual(['Uploads break at 90 %', undefined]);
  });

  it('finds by a single word each page that is named by it, though many are', () => {
    expect(search('night').hits.map(({ pattern }) => pattern.id)).toEqual([
      'jobs/queue',
      'storage/uploads',
    ]);
    expect(search('night')).toMatchObject({ planned: { id: 'auth/rotation' } });
  });

  it('says that the planned topic leads when it fits better than each page', () => {
    expect(search('renew invoices')).toMatchObject({ planned: { leads: true } });
  });

  it('names beside its hits a planned topic that is as much what the query is about', () => {
    expect(search('renew')).toMatchObject({
      outcome: 'found',
      planned: { title: 'Rotation', leads: false },
    });
    expect(search('renew storage')).toMatchObject({ planned: { title: 'Rotation' } });
    expect(search('upload night')).toMatchObject({ outcome: 'found' });
    expect(search('upload night')).not.toHaveProperty('planned');
  });

  it('looks in one area before it counts', () => {
    expect(listIds('upload job', { area: 'storage', limit: 1 })).toEqual(['storage/uploads']);
  });

  it('gives one hit at least and ten at most', () => {
    expect(listIds('upload job', { limit: 0 })).toHaveLength(1);
    expect(listIds('upload job', { limit: Number.NaN })).toHaveLength(1);
  });
});

describe('a query has no pattern', () => {
  it('when its rare words stand on no page', () => {
    expect(search('refresh kafka rebalance graphql resolver')).toEqual({
      outcome: 'no-pattern',
      hits: [],
      nearest: ['auth/tokens'],
    });
  });

  it('but has one when what no page has is common everywhere', () => {
    expect(listIds('refresh tool')).toEqual(['auth/tokens']);
  });

  it('when a topic without a page fits it better', () => {
    const score = 0.8 / Math.sqrt(0.8 + 0.9);
    const topicScore = (0.8 + 0.9) / Math.sqrt(0.8 + 0.9);
    expect(score).toBeGreaterThan(MIN_SCORE);
    expect(score - TOPIC_SHARE * topicScore).toBeLessThan(MIN_SCORE);
    expect(search('renew invoices')).toMatchObject({
      outcome: 'no-pattern',
      planned: { id: 'auth/rotation', title: 'Rotation' },
    });
    expect(search('tool')).toMatchObject({ outcome: 'no-pattern' });
    expect(search('tool')).not.toHaveProperty('planned');
    expect(listIds('renew')).toEqual(['auth/tokens']);
  });

  it('when two pages and a topic say the same', () => {
    expect(search('night tool')).toMatchObject({
      outcome: 'no-pattern',
      nearest: ['jobs/queue', 'storage/uploads'],
      planned: { id: 'auth/rotation', title: 'Rotation' },
    });
  });

  it('and a page in the area of the planned topic is near, however little it says', () => {
    expect(search('night tool tab').nearest).toContain('auth/tokens');
    expect(search('invoices tab').nearest).toEqual([]);
  });

  it('but has one when a page says more than the topic, or is named by the word', () => {
    expect(listIds('upload night')).toEqual(['storage/uploads', 'jobs/queue']);
    expect(listIds('storage', { area: 'storage' })).toEqual(['storage/uploads']);
  });

  it('when a field outside of the library fits it better, and names no topic', () => {
    expect(search('job chess')).toEqual({
      outcome: 'no-pattern',
      hits: [],
      nearest: ['jobs/queue'],
    });
  });

  it('when a page only mentions its words', () => {
    expect(0.5 * 0.4).toBeLessThan(MIN_SCORE);
    expect(search('tab').outcome).toBe('no-pattern');
  });

  it('in an area that has nothing on it, and the nearest are elsewhere', () => {
    expect(search('upload', { area: 'auth' })).toEqual({
      outcome: 'no-pattern',
      hits: [],
      nearest: ['storage/uploads', 'jobs/queue'],
    });
  });

  it('when it has no word to search for', () => {
    for (const query of ['', '   ', 'how do I', '?!', '12:30'])
      expect(search(query)).toEqual({ outcome: 'no-words', hits: [], nearest: [] });
  });
});

describe('any string', () => {
  it('is answered', () => {
    const some = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3_000 }),
      fc.constantFrom(
        '__proto__',
        'constructor',
        'toString',
        'a'.repeat(100_000),
        '/'.repeat(9_000),
      ),
    );
    fc.assert(
      fc.property(some, (query) => {
        const { outcome, hits, nearest } = search(query);
        expect(outcome === 'found').toBe(hits.length > 0);
        expect(nearest.length).toBeLessThanOrEqual(3);
      }),
    );
  });
});

function describePattern(id: string, symptoms: string[]): PatternEntry {
  const tokens = { brief: 1, standard: 1, full: 1 };
  const lists = { needs: [], keywords: [], requires: [], related: [] };
  const [area = ''] = id.split('/');
  return {
    id,
    area,
    title: id,
    summary: id,
    level: 4,
    symptoms: Object.fromEntries(symptoms.map((symptom) => [symptom, 'Do it.'])),
    tests: 1,
    failures: 1,
    tokens,
    ...lists,
  };
}
