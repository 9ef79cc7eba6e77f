import type { Library } from '../library/open-library.ts';
import { listCopied, listIds, requireLock } from './copied-files.ts';
import { findUnneededPackages } from './find-unneeded-packages.ts';
import { listLockedRequired } from './list-required.ts';
import { hashContent, type Lock, writeLock } from './lock-file.ts';
import type { Project } from './project.ts';
import { ProjectError } from './project-error.ts';
import { SHARED } from './shared-files.ts';

/** What becomes of a file when its pattern is removed: an edited one and a migration stay. */
export type RemovedFile = {
  pattern: string;
  path: string;
  outcome: 'removed' | 'edited' | 'migration' | 'gone';
};

/** A pattern that came along with a removed one and stays, and why. */
export type StayingPattern = { id: string; reason: string };

/** What a removal would do, and the function that does it. */
export type Removal = {
  files: RemovedFile[];
  /** The patterns that go too: they only came along, and nothing builds on them any more. */
  unneeded: string[];
  kept: StayingPattern[];
  /** The packages that `add` wrote, and that nothing of the library needs any more; package.json is left alone. */
  packages: string[];
  apply: () => void;
};

/** Removes patterns, and those that were added only because of them; refuses one that another pattern here builds on. */
export function planRemove(library: Library, project: Project, ids: string[]): Removal {
  const lock = requireLock(project);
  refuseRequired(library, lock, ids);
  const listFiles = (some: string[]) =>
    listCopied(library, project, some).map(
      ({ pattern, path, role, mine, locked }): RemovedFile => ({
        pattern,
        path,
        outcome: decide(role, mine, locked.sha256),
      }),
    );
  const { unneeded, kept } = sortBrought(library, lock, { ids, files: listFiles(listIds(lock)) });
  const all = [...ids, ...unneeded];
  const isLast = listIds(lock).every((id) => all.includes(id));
  const files = listFiles(isLast && SHARED in lock.patterns ? [...all, SHARED] : all);
  // An edited file stays, and imports what it did.
  const edited = new Set(files.filter(isEdited).map(({ pattern }) => pattern));
  const staying = listIds(lock).filter((id) => !all.includes(id) || edited.has(id));
  const packages = findUnneededPackages(library, project, { lock, staying });
  function apply() {
    for (const { path, outcome } of files) if (outcome === 'removed') project.remove(path);
    for (const { pattern } of files) delete lock.patterns[pattern];
    lock.packages = lock.packages.filter((name) => !packages.includes(name));
    writeLock(project, lock);
  }
  return { files, unneeded, kept, packages, apply };
}

const isEdited = ({ outcome }: RemovedFile): boolean => outcome === 'edited';

function decide(role: string, mine: string | undefined, sha256: string): RemovedFile['outcome'] {
  if (mine === undefined) return 'gone';
  if (role === 'migration') return 'migration';
  return hashContent(mine) === sha256 ? 'removed' : 'edited';
}

/** Of what came along with the removed patterns, what goes too and what stays. */
function sortBrought(
  library: Library,
  lock: Lock,
  { ids, files }: { ids: string[]; files: RemovedFile[] },
): Pick<Removal, 'unneeded' | 'kept'> {
  const requires = (id: string) => listLockedRequired(library, lock, id);
  const gone = new Set(ids);
  const kept = new Map<string, string>();
  const edited = files.filter(isEdited).map(({ pattern }) => pattern);
  for (const id of gone) {
    for (const other of requires(id).filter((one) => lock.patterns[one] && !gone.has(one))) {
      const users = listIds(lock).filter((user) => requires(user).includes(other));
      const reason = findReason(users);
      if (lock.patterns[other]?.asked) continue;
      if (reason === undefined) gone.add(other);
      else kept.set(other, reason);
    }
  }
  const unneeded = [...gone].filter((id) => !ids.includes(id));
  return { unneeded, kept: [...kept].filter(([id]) => !gone.has(id)).map(toKept) };

  function findReason(users: string[]): string | undefined {
    const left = users.filter((user) => !gone.has(user));
    if (left.length > 0) return `${left.join(', ')} ${left.length > 1 ? 'build' : 'builds'} on it`;
    const own = users.filter((user) => edited.includes(user));
    return own.length > 0 ? `files of ${own.join(', ')} that you edited stay` : undefined;
  }
}

const toKept = ([id, reason]: [string, string]): StayingPattern => ({ id, reason });

function refuseRequired(library: Library, lock: Lock, ids: string[]) {
  for (const id of listIds(lock).filter((id) => !ids.includes(id))) {
    const required = listLockedRequired(library, lock, id).filter((one) => ids.includes(one));
    if (required.length > 0)
      throw new ProjectError(
        `${id} builds on ${required.join(', ')}: remove it first, or together`,
      );
  }
}
