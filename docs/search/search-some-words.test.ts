import { expect, it } from 'vitest';
import { searchSomeWords } from './search-some-words.ts';

const PAGES: Record<string, string> = {
  webhooks: 'webhook twice customer signature',
  jobs: 'twice customer worker',
  streams: 'nginx customer',
};

it('leaves a search that finds something as it is', async () => {
  expect(await find('customer twice')).toEqual(['webhooks', 'jobs']);
});

it('finds the pages that hold most of the words, a rare word before a common one', async () => {
  expect(await find('My webhook fires twice, and a customer is charged twice')).toEqual([
    'webhooks',
    'jobs',
  ]);
});

it('finds nothing for one word of many', async () => {
  expect(await find('nginx eats lions')).toEqual([]);
});

it('counts the pages that it found for each facet', async () => {
  const { filters } = await searchSomeWords(searchPages)('webhook customer lions twice');
  expect(filters).toEqual({ area: { webhooks: 1, jobs: 1, streams: 0 } });
});

async function find(term: string): Promise<string[]> {
  const { results } = await searchSomeWords(searchPages)(term);
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
