import MiniSearch from 'minisearch';
import type { Library } from './open-library.ts';
import { SEARCH_OPTIONS, type SearchDocument } from './search-options.ts';
import type { PatternEntry } from './types.ts';

/** A pattern that answers a query, and the symptom that is most like it. */
export type Hit = { pattern: PatternEntry; score: number; symptom: string };

/** What a search found. Without hits, `nearest` names the patterns that come closest. */
export type SearchResult = { hits: Hit[]; nearest: string[] };

/** What a search may be narrowed to. */
export type SearchOptions = { area?: string | undefined; limit?: number | undefined };

/** Searches by keywords, by a sentence, or by a pasted error message. */
export type Search = (query: string, options?: SearchOptions) => SearchResult;

/** A search over the library; the index is read once. */
export function createSearch(library: Library): Search {
  const index = MiniSearch.loadJSON<SearchDocument>(library.readSearchIndex(), SEARCH_OPTIONS);

  return function search(query, { area, limit = 5 } = {}) {
    const found = index.search(query).flatMap(({ id, score }) => {
      const pattern = library.find(String(id));
      if (!pattern || (area !== undefined && pattern.area !== area)) return [];
      return [{ pattern, score, symptom: pattern.symptoms[0] ?? '' }];
    });
    return { hits: found.slice(0, limit), nearest: [] };
  };
}
