import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { PackageChange } from './package-json.ts';
import type { Project } from './project.ts';

/** What is read of a package.json above a project. */
export type ManifestAbove = { workspaces?: unknown } & Partial<PackageChange>;

/** The folders above a folder, the nearest first. */
export function listFoldersAbove(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [] : [above, ...listFoldersAbove(above)];
}

/** The package.json files above a folder, the nearest first. */
export function listManifestsAbove(folder: string): { folder: string; manifest: ManifestAbove }[] {
  return listFoldersAbove(folder).flatMap((above) => {
    const manifest = readManifestAt(join(above, 'package.json'));
    return manifest ? [{ folder: above, manifest }] : [];
  });
}

/** One that cannot be read is not this project's fault: it is passed over. */
function readManifestAt(path: string): ManifestAbove | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** How a package.json above a project asks for a package, as the project itself must write it. */
export function findVersionAbove(project: string, name: string): string | undefined {
  for (const { folder, manifest } of listManifestsAbove(project)) {
    const version = { ...manifest.dependencies, ...manifest.devDependencies }[name];
    if (version !== undefined) return moveVersion(version, folder, project);
  }
  return undefined;
}

/** The path of a file is relative to the package.json that names it. */
function moveVersion(version: string, from: string, to: string): string {
  const [, path] = /^file:(.+)$/.exec(version) ?? [];
  if (!path || isAbsolute(path)) return version;
  return `file:${relative(to, join(from, path)).replaceAll(sep, '/')}`;
}

/** What keeps files from a project that only holds the packages of a workspace together, with its fix. */
export function findBareWorkspace(project: Project, { workspaces }: ManifestAbove): string[] {
  const isForPnpm = /^packages:/m.test(project.read('pnpm-workspace.yaml') ?? '');
  const isRoot = isForPnpm || workspaces !== undefined;
  return isRoot && project.list('src').length === 0
    ? [
        'this is the root of a workspace and has no src: name one of its packages with --cwd, or a folder with --dir',
      ]
    : [];
}
