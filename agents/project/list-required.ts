import type { Library } from '../library/open-library.ts';
import type { Lock } from './lock-file.ts';

/** The patterns that one builds on directly, and with its tests those that they use. */
export function listRequired(library: Library, id: string, withTests: boolean): string[] {
  const pattern = library.find(id);
  if (pattern === undefined) return [];
  return withTests
    ? [...pattern.requires, ...library.readManifest(id).testRequires]
    : pattern.requires;
}

/** The same for a pattern that a project has, by whether it has the tests. */
export const listLockedRequired = (library: Library, lock: Lock, id: string): string[] =>
  listRequired(library, id, hasTests(lock, id));

/** Whether a project has the tests of a pattern. */
export const hasTests = (lock: Lock, id: string): boolean =>
  Object.values(lock.patterns[id]?.files ?? {}).some(({ role }) => role === 'test');
