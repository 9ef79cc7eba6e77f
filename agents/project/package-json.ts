import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Packages } from '../library/types.ts';
import type { Project } from './project.ts';
import { ProjectError } from './project-error.ts';
import { allowsVersion, excludesCompatible } from './version-range.ts';
import { listFoldersAbove } from './workspace.ts';
import { writeJson } from './write-json.ts';

/** Packages to add, field by field. */
export type PackageChange = Partial<Record<'dependencies' | 'devDependencies', Packages>> & {
  /** npm runs the install script of no package that is false here: one fetches libraries for graphics cards. */
  allowScripts?: Record<string, boolean>;
};

/** A package that is there already, and whose version excludes the one that the pattern was proven with. */
export type OtherVersion = { name: string; present: string; proven: string };

type Manifest = PackageChange & {
  name?: string;
  type?: string;
  optionalDependencies?: Packages;
};

/** The package.json of a project; throws when there is none, for then this is no project. */
export function readManifest(project: Project): Manifest {
  const text = project.read('package.json');
  if (text === undefined)
    throw new ProjectError(
      `${project.root} has no package.json: run npm init, or name the project with --cwd`,
    );
  try {
    return JSON.parse(text) as Manifest;
  } catch (error) {
    throw new ProjectError(`package.json is not valid JSON: ${(error as Error).message}`);
  }
}

const FIELDS = ['dependencies', 'devDependencies'] as const;

/** What of the change the project lacks, and what it has in another version. */
export function comparePackages(manifest: Manifest, change: PackageChange) {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  const present: Packages = { ...dependencies, ...devDependencies, ...optionalDependencies };
  const scripts = Object.entries(change.allowScripts ?? {}).filter(
    ([name]) => manifest.allowScripts?.[name] === undefined,
  );
  const missing: PackageChange =
    scripts.length > 0 ? { allowScripts: Object.fromEntries(scripts) } : {};
  const others: OtherVersion[] = [];
  for (const field of FIELDS) {
    for (const [name, proven] of Object.entries(change[field] ?? {})) {
      const own = present[name];
      if (own === undefined) missing[field] = { ...missing[field], [name]: proven };
      else if (!allowsVersion(own, proven)) others.push({ name, present: own, proven });
    }
  }
  return { missing, others };
}

/** Those of which the project can install no version that is compatible with the one proven. */
export const findIncompatible = (others: OtherVersion[]): OtherVersion[] =>
  others.filter(({ present, proven }) => excludesCompatible(present, proven));

/** Adds packages, sorted, in the indentation that the file has. */
export function addPackages(project: Project, change: PackageChange): void {
  const manifest = readManifest(project);
  for (const field of FIELDS) {
    const packages = { ...manifest[field], ...change[field] };
    const sorted = Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1));
    if (change[field]) manifest[field] = Object.fromEntries(sorted);
  }
  if (change.allowScripts)
    manifest.allowScripts = { ...manifest.allowScripts, ...change.allowScripts };
  project.write('package.json', writeJson(project, 'package.json', manifest));
}

const MANAGERS = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
] as const;

/** The command that takes packages out of a project again. */
export const sayUninstall = (manager: string, packages: readonly string[]): string =>
  `${manager} ${manager === 'npm' ? 'uninstall' : 'remove'} ${packages.join(' ')}`;

/** The package manager of a project, by its lock file or that of its workspace. */
export function findManager(project: Project): string {
  const names = project.list('.');
  const own = MANAGERS.find(([file]) => names.includes(file));
  const [above] = listFoldersAbove(project.root).flatMap((folder) =>
    MANAGERS.filter(([file]) => existsSync(join(folder, file))),
  );
  return (own ?? above)?.[1] ?? 'npm';
}
