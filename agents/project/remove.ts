import type { Library } from '../library/open-library.ts';
import { hash, writeLock } from './lock-file.ts';
import type { Project } from './project.ts';
import { ProjectError } from './project-error.ts';
import { listIds, listTaken, requireLock } from './taken-files.ts';
import { SHARED } from './test-config.ts';

/** What becomes of a file when its pattern is removed: an edited one and a migration stay. */
export type RemovedFile = {
  pattern: string;
  path: string;
  outcome: 'removed' | 'edited' | 'migration' | 'gone';
};

/** What a removal would do, and the function that does it. */
export type Removal = { files: RemovedFile[]; apply: () => void };

/** Removes patterns; refuses one that another taken pattern builds on. */
export function planRemove(library: Library, project: Project, ids: string[]): Removal {
  const lock = requireLock(project);
  refuseRequired(library, { ids, taken: listIds(lock) });
  const isLast = listIds(lock).every((id) => ids.includes(id));
  const files = listTaken(library, project, isLast ? [...ids, ...sharedOf(lock)] : ids).map(
    ({ pattern, path, role, mine, locked }): RemovedFile => ({
      pattern,
      path,
      outcome: decide(role, mine, locked.sha256),
    }),
  );
  function apply() {
    for (const { path, outcome } of files) if (outcome === 'removed') project.remove(path);
    for (const { pattern } of files) delete lock.patterns[pattern];
    writeLock(project, lock);
  }
  return { files, apply };
}

const sharedOf = ({ patterns }: { patterns: object }): string[] =>
  SHARED in patterns ? [SHARED] : [];

function decide(role: string, mine: string | undefined, sha256: string): RemovedFile['outcome'] {
  if (mine === undefined) return 'gone';
  if (role === 'migration') return 'migration';
  return hash(mine) === sha256 ? 'removed' : 'edited';
}

function refuseRequired(library: Library, { ids, taken }: { ids: string[]; taken: string[] }) {
  for (const id of taken.filter((id) => !ids.includes(id))) {
    const required = library.find(id)?.requires.filter((one) => ids.includes(one)) ?? [];
    if (required.length > 0)
      throw new ProjectError(
        `${id} builds on ${required.join(', ')}: remove it first, or together`,
      );
  }
}
