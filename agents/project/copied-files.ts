import type { Library } from '../library/open-library.ts';
import { NPX } from '../library/package-name.ts';
import type { FileRole } from '../library/types.ts';
import { type Lock, type LockedFile, readOriginal, readProjectLock } from './lock-file.ts';
import type { Project } from './project.ts';
import { ProjectError } from './project-error.ts';
import { rewriteImports } from './rewrite-imports.ts';
import { findSettings } from './settings.ts';
import { SHARED, SHARED_FILES } from './shared-files.ts';

/** A copied file of a project, in its three states. */
export type CopiedState = {
  pattern: string;
  path: string;
  role: FileRole;
  locked: LockedFile;
  /** As it was when it was copied. */
  original: string;
  /** As it is in the project; undefined when it is gone. */
  mine: string | undefined;
  /** As the library has it now; undefined when it has it no more. */
  theirs: string | undefined;
};

/** The lock of a project; throws when no pattern was added. */
export function requireLock(project: Project): Lock {
  const lock = readProjectLock(project);
  if (lock) return lock;
  throw new ProjectError(`${project.root} has no pattern yet: add one with ${NPX} add <id>`);
}

/** Every copied file of some patterns, or of all. */
export function listCopied(library: Library, project: Project, ids: string[]): CopiedState[] {
  const lock = requireLock(project);
  for (const id of ids) {
    if (!lock.patterns[id])
      throw new ProjectError(
        `${id} was not added to this project; added are ${listIds(lock).join(', ')}`,
      );
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
        theirs: text === undefined ? undefined : rewriteImports(locked, text, settings),
      };
    });
  });
}

/** Reads what the library has now in place of a copied file. */
function openNew(library: Library, pattern: string): (file: LockedFile) => string | undefined {
  if (pattern === SHARED) return ({ source }) => SHARED_FILES.get(source);
  const known = library.find(pattern) ? library.readManifest(pattern).files : [];
  return ({ role, source }) =>
    known.some((file) => file.role === role && file.path === source)
      ? library.readFile(pattern, role, source)
      : undefined;
}

/** The patterns that were added to a project. */
export const listIds = (lock: Lock): string[] =>
  Object.keys(lock.patterns).filter((id) => id !== SHARED);
