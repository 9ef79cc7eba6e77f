import type { SearchIndex } from '../../agents/library/search-index.ts';
import type { PatternEntry } from '../../agents/library/types.ts';

/** What the search shows of a pattern. */
export type SearchedPattern = Pick<PatternEntry, 'id' | 'area' | 'title' | 'summary' | 'symptoms'>;

/** A topic by its name. */
export type Named = { id: string; title: string };

/** A page that is not a pattern: its address without slashes at the ends, and its kind, such as `Guide`. */
export type Guide = Named & { summary: string; kind: string };

/** `search.json`: what the search box loads. */
export type SearchData = {
  index: SearchIndex;
  patterns: SearchedPattern[];
  topics: Named[];
  guideIndex: SearchIndex;
  guides: Guide[];
};
