import type { Library } from '../library/open-library.ts';
import { type Lock, lockFile, readProjectLock, writeLock } from './lock-file.ts';
import { addPackages } from './package-json.ts';
import type { AddPlan, PlannedFile } from './plan-add.ts';
import type { Project } from './project.ts';
import { ProjectError } from './project-error.ts';
import { SHARED } from './shared-files.ts';

/**
 * Writes what was planned; refuses when the project lacks something or a file is in the way, and then writes nothing. The lock is
 * first: should the program be killed, it knows where each file goes, and adding again ends the work.
 */
export function applyPlan(library: Library, project: Project, plan: AddPlan): void {
  if (plan.unmet.length > 0)
    throw new ProjectError(`nothing was written: ${plan.unmet.join('; ')}`);
  refuseToOverwrite(plan);
  const { settings, files } = plan;
  const { directory, migrations, imports } = settings;
  const present = readProjectLock(project);
  const { dependencies, devDependencies } = plan.packages;
  const written = Object.keys({ ...dependencies, ...devDependencies });
  const lock: Lock = {
    lockVersion: 1,
    directory,
    migrations,
    imports,
    packages: [...new Set([...(present?.packages ?? []), ...written])].sort(),
    patterns: { ...present?.patterns },
  };
  for (const file of files.filter(({ state }) => state === 'write' || state === 'same'))
    record(lock, file, library.version);
  for (const id of plan.asked) {
    const known = lock.patterns[id];
    if (known) known.asked = true;
  }
  writeLock(project, lock);
  for (const { state, path, text } of files) if (state === 'write') project.write(path, text);
  if (Object.values(plan.packages).some((one) => Object.keys(one).length > 0))
    addPackages(project, plan.packages);
}

function refuseToOverwrite({ files }: AddPlan): void {
  const paths = files.filter(({ state }) => state === 'in the way').map(({ path }) => path);
  if (paths.length === 0) return;
  throw new ProjectError(
    `nothing was written: ${paths.join(', ')} ${paths.length === 1 ? 'exists' : 'exist'} already and did not come from this package; move or remove ${paths.length === 1 ? 'it' : 'them'}, or choose another folder with --dir`,
  );
}

/** What the lock has of a file stays: an update merges from the text that was written. */
function record(lock: Lock, file: PlannedFile, version: string): void {
  const { pattern, path, role, source, text } = file;
  // What all copied tests share belongs to no pattern: nothing brings it along.
  const known = lock.patterns[pattern] ?? { version, asked: pattern === SHARED, files: {} };
  const locked = known.files[path] ?? lockFile(role, source, text);
  lock.patterns[pattern] = { ...known, files: { ...known.files, [path]: locked } };
}
