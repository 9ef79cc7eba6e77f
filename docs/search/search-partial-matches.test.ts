import { expect, it } from 'vitest';
import { searchPartialMatches } from './search-partial-matches.ts';

const PAGES: Record<string, string> = {
  webhooks: 'webhook twice credited the signature',
  jobs: 'twice credited the worker',
  streams: 'nginx credited the',
  tenants: 'row-level the',
  uploads: 'presigned the',
  metrics: 'drift the',
};

it('leaves a search that finds something as it is', async () => {
  expect(await find('credited twice')).toEqual(['webhooks', 'jobs']);
});

it('finds the pages that hold most of the words, a rare word before a common one', async () => {
  expect(await find('My webhook fires twice, a customer is credited twice')).toEqual([
    'webhooks',
    'jobs',
  ]);
});

it('makes nothing of a word that half of the pages hold', async () => {
  expect(await find('the lions eat')).toEqual([]);
});

it('counts the pages that it found for each facet', async () => {
  const { filters } = await searchPartialMatches(searchPages)('webhook credited lions twice');
  expect(filters).toEqual({ area: { webhooks: 1, jobs: 1, streams: 0 } });
});

async function find(term: string): Promise<string[]> {
  const { results } = await searchPartialMatches(searchPages)(term);
  return results.map(({ id }) => id);
}

/** Finds as Pagefind does: what holds every word, each page in an area of its own name. */
async function searchPages(term: string | null) {
  const words = (term ?? '').replaceAll('"', '').split(' ').filter(Boolean);
  const held = Object.keys(PAGES).filter((id) => words.every((word) => PAGES[id]?.includes(word)));
  const results = held.map((id) => ({
    id,
    score: 1,
    data: async () => ({ filters: { area: [id] } }),
  }));
  return { results, filters: { area: { webhooks: 0, jobs: 0, streams: 0 } } };
}
