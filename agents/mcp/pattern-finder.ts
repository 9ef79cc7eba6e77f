import type { Library } from '../library/open-library.ts';
import { resolvePattern } from '../library/resolve-pattern.ts';
import type { Search } from '../library/search.ts';
import type { PatternEntry } from '../library/types.ts';
import { ToolError } from './tool.ts';

/** Finds patterns by what a model calls them. */
export type PatternFinder = {
  /** By id, by slug, or by `pattern://` URI; throws an error that names the nearest three. */
  find: (word: string) => PatternEntry;
  /** The three that are most like a word that names none, or a query that found none. */
  nearest: (word: string) => string[];
};

/** A finder over the library. */
export function createFinder(library: Library, search: Search): PatternFinder {
  const ids = library.patterns.map(({ id }) => id);
  return { find, nearest };

  function find(word: string): PatternEntry {
    const name = word.trim().replace(/^pattern:\/\//i, '');
    const { pattern } = resolvePattern(library, name);
    if (pattern) return pattern;
    throw new ToolError(
      `There is no pattern ${quoteInput(word)}. Nearest: ${nearest(name).join(', ')}.`,
    );
  }

  /** Like in letters first, then in meaning, then any. */
  function nearest(word: string): string[] {
    const short = word.slice(0, 80);
    const { near = [] } = resolvePattern(library, short);
    const { hits, nearest } = search(short.replaceAll(/[/_-]/g, ' '), { limit: 3 });
    const found = hits.map(({ pattern }) => pattern.id);
    return [...new Set([...near, ...found, ...nearest, ...ids])].slice(0, 3);
  }
}

/** A word of the caller as an error repeats it. */
export const quoteInput = (word: string): string =>
  JSON.stringify(word.length > 80 ? `${word.slice(0, 80)}…` : word);
