import type { Pattern } from '../../scripts/pattern/compose-pattern.ts';
import { areaOf, slugOf } from '../../scripts/pattern/ids.ts';
import { readPatterns } from '../../scripts/pattern/read-patterns.ts';
import type { Packages } from '../library/types.ts';

/** A pattern as the repository has it, and the packages that its example asks for. */
export type SourcePattern = Pattern & {
  area: string;
  slug: string;
  /** What the example asks for in its package.json. */
  packages: Packages;
};

/** Every pattern whose page can be read, sorted by id; what cannot is for the check to tell. */
export function readSourcePatterns(root: string): SourcePattern[] {
  return readPatterns(root).map(toSourcePattern);
}

/** Adds to a pattern what the package needs of it. */
export function toSourcePattern(pattern: Pattern): SourcePattern {
  const { id, sources } = pattern;
  const packages = readPackages(sources.get('package.json') ?? '{}');
  return { ...pattern, area: areaOf(id), slug: slugOf(id), packages };
}

/** Dependencies of every kind, by name. */
export function readPackages(manifest: string): Packages {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(manifest) as Record<
    string,
    Packages | undefined
  >;
  return { ...dependencies, ...devDependencies, ...optionalDependencies };
}
