import type { Library } from '../library/open-library.ts';
import { collectPackages } from './collect-packages.ts';
import { hasTests } from './list-required.ts';
import type { Lock } from './lock-file.ts';
import { readManifest } from './package-json.ts';
import type { Project } from './project.ts';

/** The packages that `add` wrote into package.json and that none of the patterns which stay needs; none while it is not known what one of them needs. */
export function findUnneededPackages(
  library: Library,
  project: Project,
  { lock, staying }: { lock: Lock; staying: string[] },
): string[] {
  if (!staying.every((id) => library.find(id))) return [];
  const tested = new Set(staying.filter((id) => hasTests(lock, id)));
  const manifests = staying.map((id) => library.readManifest(id));
  const needed = collectPackages(library, manifests, tested);
  const present = readManifest(project);
  const isIn = ({ dependencies, devDependencies }: typeof needed, name: string) =>
    name in { ...dependencies, ...devDependencies };
  return lock.packages.filter((name) => isIn(present, name) && !isIn(needed, name));
}
