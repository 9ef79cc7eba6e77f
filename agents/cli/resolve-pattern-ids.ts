import { UsageError } from '../../scripts/command-line/usage-error.ts';
import type { Library } from '../library/open-library.ts';
import { resolvePattern } from '../library/resolve-pattern.ts';

/** The ids that some words mean; an unknown one throws and names the nearest. */
export function resolvePatternIds(library: Library, words: string[]): string[] {
  return words.map((word) => {
    const { pattern, near } = resolvePattern(library, word);
    if (pattern) return pattern.id;
    const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : 'touchstone list shows all';
    throw new UsageError(`there is no pattern ${JSON.stringify(word)}: ${hint}`);
  });
}

/** The same, for a command that needs at least one. */
export function requireIds(library: Library, words: string[], command: string): string[] {
  if (words.length === 0)
    throw new UsageError(
      `name a pattern: touchstone ${command} <id>; touchstone list shows them all`,
    );
  return resolvePatternIds(library, words);
}

/** An area of the library; an unknown one throws and names them all. */
export function resolveArea(library: Library, area: string | undefined): string | undefined {
  const areas = [...new Set(library.patterns.map((pattern) => pattern.area))];
  if (area === undefined || areas.includes(area)) return area;
  throw new UsageError(`there is no area ${JSON.stringify(area)}: there are ${areas.join(', ')}`);
}
