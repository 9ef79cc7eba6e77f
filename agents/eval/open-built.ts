import { ROOT } from '../../scripts/files/root.ts';
import { areaOf } from '../../scripts/pattern/ids.ts';
import { buildLibrary } from '../generate/build-library.ts';
import { type IndexedPattern, indexSearch } from '../generate/index-search.ts';
import type { SearchedLibrary } from '../library/search.ts';

/** The library as it would be built now, in memory, with other patterns beside it on request. */
export function openBuilt(
  addPatterns: (own: IndexedPattern[]) => IndexedPattern[] = () => [],
): SearchedLibrary {
  const { patterns, topics } = buildLibrary(ROOT, '0.0.0');
  const own = patterns.map(({ source }) => source);
  const all = [...own, ...addPatterns(own)].sort((a, b) => (a.id < b.id ? -1 : 1));
  const index = indexSearch(all, topics);
  const entries = new Map(patterns.map(({ entry }) => [entry.id, entry]));
  const [like] = entries.values();
  return {
    readSearchIndex: () => index,
    find(id) {
      const added = all.find((pattern) => pattern.id === id);
      if (entries.has(id) || !added || !like) return entries.get(id);
      const { title, summary, symptoms, keywords } = added.data;
      return { ...like, id, area: areaOf(id), title, summary, symptoms, keywords };
    },
  };
}
