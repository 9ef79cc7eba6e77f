import { slugOf } from '../../scripts/pattern/ids.ts';
import { findNearest } from '../../scripts/text/find-nearest.ts';
import type { Library } from './open-library.ts';
import type { PatternEntry } from './types.ts';

/** The pattern that a name means, or the ids that come nearest to it. */
export type Found = { pattern: PatternEntry; near?: never } | { pattern?: never; near: string[] };

/** Finds a pattern by its id, or by its slug where only one has it. */
export function resolvePattern(library: Library, name: string): Found {
  const word = name.slice(0, 200).toLowerCase();
  const ids = library.patterns.map(({ id }) => id);
  const slugs = ids.filter((id) => id.endsWith(`/${word}`));
  const pattern =
    library.find(word) ?? (slugs.length === 1 ? library.find(slugs[0] ?? '') : undefined);
  return pattern ? { pattern } : { near: listNearest(word, ids) };
}

/** By the whole id or by its slug, whichever is nearer. */
function listNearest(word: string, ids: string[]): string[] {
  const bySlug = new Map(ids.map((id) => [slugOf(id), id]));
  const near = findNearest(word, [...ids, ...bySlug.keys()], 6).map(
    (one) => bySlug.get(one) ?? one,
  );
  return [...new Set(near)].slice(0, 3);
}
