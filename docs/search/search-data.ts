import type { SearchIndex } from '../../agents/library/search-index.ts';
import type { PatternEntry } from '../../agents/library/types.ts';

/** What the search shows of a pattern. */
export type SearchedPattern = Pick<PatternEntry, 'id' | 'area' | 'title' | 'summary' | 'symptoms'>;

/** A topic or a guide by its name. */
export type Named = { id: string; title: string };

/** `search.json`: what the search box loads. */
export type SearchData = {
  index: SearchIndex;
  patterns: SearchedPattern[];
  topics: Named[];
  guideIndex: SearchIndex;
  guides: (Named & { summary: string })[];
};
