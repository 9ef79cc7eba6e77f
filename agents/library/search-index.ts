/** A topic by its name. */
export type NamedTopic = { id: string; title: string };

/** What a search reads, made when the package is built. */
export type SearchIndex = {
  /** The ids of the patterns, sorted. */
  ids: string[];
  /** The topics that have no page yet, and the fields outside of the library. */
  topics: NamedTopic[];
  words: Record<string, IndexedWord>;
};

/** With this begins the id of a field that the library is not about. */
export const OUTSIDE = 'outside/';

/**
 * How much a word says (from 0, in every text, to 1, rare), which pages have it where, and which
 * topics without a page have it, each by its place among `topics`.
 */
export type IndexedWord = [
  weight: number,
  pages: [page: number, strength: number][],
  topics?: number[],
];

/** How strongly a page is about a word, by the best place where it has it. */
export const STRENGTHS = {
  /** Id and title. */
  titled: 1.25,
  /** Symptoms, keywords. */
  named: 1,
  /** Summary, when to use it, titles of failures, how people ask for it. */
  told: 0.7,
  /** Anywhere else; less, the more pages have the word. */
  mentioned: 0.4,
} as const;
