import type { NamedTopic, SearchIndex } from '../../agents/library/search-index.ts';
import type { PatternEntry } from '../../agents/library/types.ts';

/** What the search shows of a pattern. */
export type SearchedPattern = Pick<PatternEntry, 'id' | 'area' | 'title' | 'summary' | 'symptoms'>;

/** A page that is not a pattern: its address without slashes at the ends, and its kind, such as `Guide`. */
export type Guide = NamedTopic & { summary: string; kind: string };

/** `search.json`: what the search box loads. */
export type SearchData = {
  index: SearchIndex;
  patterns: SearchedPattern[];
  guideIndex: SearchIndex;
  guides: Guide[];
};
