import { nearest } from '../../scripts/nearest.ts';
import type { Library } from '../library/open-library.ts';
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
export function createFinder({ patterns, find }: Library, search: Search): PatternFinder {
  const ids = patterns.map(({ id }) => id);
  return {
    find(word) {
      const name = clean(word);
      const same = ids.filter((id) => id === name || slugOf(id) === name);
      const found = find(name) ?? (same.length === 1 ? find(same[0] ?? '') : undefined);
      if (found) return found;
      throw new ToolError(`There is no pattern ${quote(word)}. Nearest: ${list(name)}.`);
    },
    nearest: nearestIds,
  };

  function list(name: string): string {
    return nearestIds(name).join(', ');
  }

  /** Like in letters first, then in meaning, then any. */
  function nearestIds(word: string): string[] {
    const short = word.slice(0, 80);
    const alike = nearest(short, [...ids, ...ids.map(slugOf)], 6);
    const { hits, nearest: near } = search(short.replaceAll(/[/_-]/g, ' '), { limit: 3 });
    const named = alike.flatMap((name) => ids.filter((id) => id === name || slugOf(id) === name));
    return [
      ...new Set([...named, ...hits.map(({ pattern }) => pattern.id), ...near, ...ids]),
    ].slice(0, 3);
  }
}

/** A word of the caller as an error repeats it. */
export const quote = (word: string): string =>
  JSON.stringify(word.length > 80 ? `${word.slice(0, 80)}…` : word);

const clean = (word: string): string =>
  word
    .trim()
    .toLowerCase()
    .replace(/^pattern:\/\//, '')
    .replace(/(\.md|\/)$/, '');

const slugOf = (id: string): string => id.replace(/.*\//, '');
