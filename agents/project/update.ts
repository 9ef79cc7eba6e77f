import type { Library } from '../library/open-library.ts';
import { PACKAGE } from '../library/package-name.ts';
import { applyPlan } from './apply-plan.ts';
import { type CopiedState, listCopied, listIds, requireLock } from './copied-files.ts';
import { hasTests, listLockedRequired } from './list-required.ts';
import { lockFile, refuseNewerLock, writeLock } from './lock-file.ts';
import { hasConflictMarkers, mergeTexts } from './merge-texts.ts';
import type { OtherVersion } from './package-json.ts';
import { type AddPlan, planAdd } from './plan-add.ts';
import type { Project } from './project.ts';

/**
 * What an update makes of a file. `kept`: it was deleted here, and is not written again; `gone`: the library
 * has it no more; `migration`: it was applied, so what is new needs a migration of its own; `applied`: the
 * project says that it has that one.
 */
export type Outcome =
  | 'same'
  | 'updated'
  | 'merged'
  | 'conflict'
  | 'kept'
  | 'added'
  | 'gone'
  | 'migration'
  | 'applied';

/** A file and what becomes of it. */
export type UpdatedFile = {
  pattern: string;
  path: string;
  outcome: Outcome;
  /** Places that a person must decide. */
  conflicts: number;
};

type Step = UpdatedFile & { file: CopiedState; text?: string };

/** What a caller decides of an update. */
export type UpdateOptions = {
  /** The project has migrations of its own for those that have changed: they are not told again. */
  isApplied?: boolean;
};

/** What an update would do, and the function that does it. */
export type Update = {
  files: UpdatedFile[];
  /** Packages that the project has in another version than the patterns are proven with now. */
  others: OtherVersion[];
  apply: () => void;
};

/** Brings the copied files to the state of the library; edits stay, merged with what is new. */
export function planUpdate(
  library: Library,
  project: Project,
  ids: string[],
  { isApplied = false }: UpdateOptions = {},
): Update {
  refuseNewerLock(requireLock(project), library.version);
  const all = followRequired(library, project, ids);
  const steps = listCopied(library, project, all)
    .map((file) => planStep(file, library.version))
    .map((step) =>
      isApplied && step.outcome === 'migration' ? { ...step, outcome: 'applied' as const } : step,
    );
  const additions = planAdditions(library, project, all);
  const added = additions.files.map(({ pattern, path }) => {
    return { pattern, path, outcome: 'added' as const, conflicts: 0 };
  });
  const known = steps.map(({ pattern, path, outcome, conflicts }) => ({
    pattern,
    path,
    outcome,
    conflicts,
  }));
  function apply() {
    applySteps(library, project, steps);
    applyPlan(library, project, additions);
  }
  const others = additions.others.filter(({ name }) => name !== PACKAGE);
  return { files: [...known, ...added], others, apply };
}

function planStep(file: CopiedState, version: string): Step {
  const { pattern, path } = file;
  return { pattern, path, file, conflicts: 0, ...decide(file, version) };
}

type Decision = { outcome: Outcome; text?: string; conflicts?: number };

function decide({ original, mine, theirs, role }: CopiedState, version: string): Decision {
  if (theirs === undefined) return { outcome: 'gone' };
  if (theirs === original) return { outcome: 'same' };
  if (role === 'migration') return { outcome: 'migration' };
  if (mine === undefined) return { outcome: 'kept' };
  if (mine === original) return { outcome: 'updated', text: theirs };
  if (hasConflictMarkers(mine)) return { outcome: 'conflict', conflicts: 1 };
  const labels = { mine: 'yours', theirs: `touchstone ${version}` };
  const { text, conflicts } = mergeTexts(mine, original, theirs, labels);
  return { outcome: conflicts > 0 ? 'conflict' : 'merged', text, conflicts };
}

function applySteps(library: Library, project: Project, steps: Step[]): void {
  const lock = requireLock(project);
  for (const { pattern, path, outcome, text, file } of steps) {
    const known = lock.patterns[pattern];
    if (known) known.version = library.version;
    const isDecided = text !== undefined || outcome === 'applied';
    if (!isDecided || known === undefined || file.theirs === undefined) continue;
    if (text !== undefined) project.write(path, text);
    // From here on the library's text is what the next update merges from.
    known.files[path] = lockFile(file.role, file.locked.source, file.theirs);
  }
  writeLock(project, lock);
}

/** Patterns that import from each other are of one version: what some require, and what requires them. */
function followRequired(library: Library, project: Project, ids: string[]): string[] {
  const lock = requireLock(project);
  const present = listIds(lock);
  const requires = (id: string) => listLockedRequired(library, lock, id);
  const all = new Set(ids);
  for (const id of all) {
    const joined = present.filter(
      (other) => requires(id).includes(other) || requires(other).includes(id),
    );
    for (const other of joined) all.add(other);
  }
  return [...all];
}

/** What is new in the library: files, and patterns that are required now; a file that was removed here stays away. */
function planAdditions(library: Library, project: Project, ids: string[]): AddPlan {
  const lock = requireLock(project);
  const present = (ids.length > 0 ? ids : listIds(lock)).filter((id) => library.find(id));
  const testsOf = present.filter((id) => hasTests(lock, id));
  const plan = planAdd(library, project, present, { testsOf });
  const isNew = (path: string) =>
    !Object.values(lock.patterns).some((pattern) => path in pattern.files);
  // A pattern that is newly required was not asked for; what was here stays as it was.
  return { ...plan, asked: [], files: plan.files.filter(({ path }) => isNew(path)) };
}
