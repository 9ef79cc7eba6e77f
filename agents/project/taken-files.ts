import type { Library } from '../library/open-library.ts';
import type { FileRole } from '../library/types.ts';
import { type Lock, type LockedFile, readLock, readOriginal } from './lock-file.ts';
import type { Project } from './project.ts';
import { ProjectError } from './project-error.ts';
import { rewriteImports } from './rewrite-imports.ts';
import { findSettings } from './settings.ts';
import { SHARED, TEST_CONFIG } from './test-config.ts';

/** A file that a project took, in its three states. */
export type TakenState = {
  pattern: string;
  path: string;
  role: FileRole;
  locked: LockedFile;
  /** As it was written when it was taken. */
  original: string;
  /** As it is in the project; undefined when it is gone. */
  mine: string | undefined;
  /** As the library has it now; undefined when it has it no more. */
  theirs: string | undefined;
};

/** The lock of a project; throws when it took nothing. */
export function requireLock(project: Project): Lock {
  const lock = readLock(project);
  if (lock) return lock;
  throw new ProjectError(`${project.root} has taken no pattern yet: npx touchstone add <id>`);
}

/** Every file that was taken of some patterns, or of all. */
export function listTaken(library: Library, project: Project, ids: string[]): TakenState[] {
  const lock = requireLock(project);
  for (const id of ids) {
    if (!lock.patterns[id])
      throw new ProjectError(`${id} was not taken; taken are ${listIds(lock).join(', ')}`);
  }
  const settings = findSettings(project);
  return (ids.length > 0 ? ids : Object.keys(lock.patterns)).flatMap((pattern) => {
    const readNew = openNew(library, pattern);
    return Object.entries(lock.patterns[pattern]?.files ?? {}).map(([path, locked]) => {
      const text = readNew(locked);
      return {
        pattern,
        path,
        role: locked.role,
        locked,
        original: readOriginal(locked),
        mine: project.read(path),
        theirs: text === undefined ? undefined : rewriteImports(locked.source, text, settings),
      };
    });
  });
}

/** Reads what the library has now in place of a file that was taken. */
function openNew(library: Library, pattern: string): (file: LockedFile) => string | undefined {
  if (pattern === SHARED) return () => TEST_CONFIG;
  const known = library.find(pattern) ? library.readManifest(pattern).files : [];
  return ({ role, source }) =>
    known.some((file) => file.role === role && file.path === source)
      ? library.readFile(pattern, role, source)
      : undefined;
}

/** The patterns that a project took. */
export const listIds = (lock: Lock): string[] =>
  Object.keys(lock.patterns).filter((id) => id !== SHARED);
