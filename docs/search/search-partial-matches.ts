/** What is used of a page that Pagefind found. */
type Result = {
  id: string;
  score: number;
  data: () => Promise<{ filters: Record<string, string[]> }>;
};
type Found = { results: Result[]; filters: Record<string, Record<string, number>> };
type Search = (term: string | null, options?: object) => Promise<Found>;

const MOST_RESULTS = 8;
/** A page that weighs less than this share of the best page is not an answer. */
const LEAST_SHARE = 0.3;
const MOST_WORDS = 24;

/**
 * Pagefind finds the pages that hold every word. Who describes a problem, or pastes an error message
 * with names of their own in it, has words that no page holds: then the pages that hold most of the
 * words are found, a rare word counting more than one that many pages hold.
 */
export function searchPartialMatches(search: Search): Search {
  return async function searchWords(term, options) {
    const exact = await search(term, options);
    const words = splitWords(term ?? '');
    if (exact.results.length > 0 || words.length < 2) return exact;
    const { results: all } = await search(null);
    // In quotes: else a word that is nowhere finds those that begin as it does.
    const found = await Promise.all(words.map((word) => search(`"${word}"`, options)));
    const ranked = rankPages(words, found, all.length);
    const results = await Promise.all(
      ranked.map(({ id, words }) => findAgain(search, { id, term: words.join(' '), options })),
    );
    const pages = results.filter((result) => result !== undefined);
    return { ...exact, results: pages, filters: await countFilters(exact.filters, pages) };
  };
}

function splitWords(term: string): string[] {
  const words = term.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}_'’-]*/gu) ?? [];
  return [...new Set(words.filter((word) => word.length > 1))].slice(0, MOST_WORDS);
}

type Rank = { id: string; words: string[]; weight: number };

/** The pages with the heaviest words first: words that few pages hold, and that weigh much on the page. */
function rankPages(words: string[], found: Found[], pages: number): Rank[] {
  const ranks = new Map<string, Rank>();
  for (const [index, { results }] of found.entries()) {
    const rarity = Math.log((pages + 1) / results.length);
    if (rarity < Math.LN2) continue; // half of all pages hold it
    for (const { id, score } of results) {
      const rank = ranks.get(id) ?? { id, words: [], weight: 0 };
      rank.words.push(words[index] ?? '');
      rank.weight += rarity * (score / (score + 1));
      ranks.set(id, rank);
    }
  }
  const sorted = [...ranks.values()].sort((a, b) => b.weight - a.weight);
  const least = LEAST_SHARE * (sorted[0]?.weight ?? 0);
  return sorted.filter(({ weight }) => weight >= least).slice(0, MOST_RESULTS);
}

type Again = { id: string; term: string; options: object | undefined };

/** The page as found by all of the words it holds, so that its excerpts show them. */
async function findAgain(search: Search, { id, term, options }: Again) {
  const { results } = await search(term, options);
  return results.find((result) => result.id === id);
}

/** How many of the pages have each value; every value is named, as those of a search are. */
async function countFilters(none: Found['filters'], results: Result[]): Promise<Found['filters']> {
  const pages = await Promise.all(results.map(({ data }) => data()));
  const count = (name: string, value: string) =>
    pages.filter(({ filters }) => filters[name]?.includes(value)).length;
  return Object.fromEntries(
    Object.entries(none).map(([name, values]) => [
      name,
      Object.fromEntries(Object.keys(values).map((value) => [value, count(name, value)])),
    ]),
  );
}
