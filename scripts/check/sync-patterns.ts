import { findPatternFile } from '../pattern/ids.ts';
import { describeCount } from '../text/describe-count.ts';
import { checkPatterns } from './check-patterns.ts';
import type { OpenLibraryCheck } from './library-check.ts';

/**
 * Brings the pages of these patterns, and the texts that are made of all patterns, up to date with
 * records that were just written. Returns lines that say what was written and what is left to fix.
 */
export async function syncPatterns(
  root: string,
  ids: readonly string[],
  openLibraryCheck: OpenLibraryCheck,
): Promise<string[]> {
  const { findings, changed } = await checkPatterns(root, { write: ids, openLibraryCheck });
  const left = Map.groupBy(findings, ({ file }) => findPatternFile(file)?.id);
  return [
    ...changed.map((file) => `wrote ${file}`),
    ...ids.flatMap((id) => {
      const { length = 0 } = left.get(id) ?? [];
      return length === 0
        ? []
        : [`${describeCount(length, 'finding')} left: npm run check -- ${id}`];
    }),
  ];
}
