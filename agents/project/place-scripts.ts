import { join, relative, sep } from 'node:path';
import type { PackageChange } from './package-json.ts';
import { listManifestsAbove, type ManifestAbove } from './workspace.ts';

/** What of a change is written, and what its owner must write elsewhere; empty for nothing. */
export type PlacedScripts = { packages: PackageChange; step: string };

/** npm reads `allowScripts` in the root of a workspace and ignores it in its packages, as it warns itself. */
export function placeScripts(project: string, change: PackageChange): PlacedScripts {
  const { allowScripts, ...packages } = change;
  const root = allowScripts && findWorkspace(project);
  if (!allowScripts || !root) return { packages: change, step: '' };
  const present = root.manifest.allowScripts ?? {};
  const missing = Object.entries(allowScripts).filter(([name]) => present[name] === undefined);
  if (missing.length === 0) return { packages, step: '' };
  const scripts = JSON.stringify(Object.fromEntries(missing));
  const path = relative(project, root.path).replaceAll(sep, '/');
  const step = `Add to "allowScripts" in ${path}, the only place of a workspace where npm reads it: ${scripts}.`;
  return { packages, step };
}

/** The package.json above a project whose workspaces name its folder. */
function findWorkspace(project: string): { path: string; manifest: ManifestAbove } | undefined {
  const root = listManifestsAbove(project).find(({ folder, manifest }) => {
    const place = relative(folder, project).replaceAll(sep, '/');
    return listGlobs(manifest).some((glob) => matches(glob, place));
  });
  return root && { path: join(root.folder, 'package.json'), manifest: root.manifest };
}

/** Yarn has them below `packages`. */
function listGlobs({ workspaces }: ManifestAbove): string[] {
  const list =
    typeof workspaces === 'object' && workspaces !== null && 'packages' in workspaces
      ? workspaces.packages
      : workspaces;
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
}

function matches(glob: string, place: string): boolean {
  const bare = glob.replace(/^\.\//, '').replace(/\/+$/, '');
  const words = bare.split('*').map((word) => word.replace(/[^\w/-]/g, '\\$&'));
  // `**` leaves an empty word between its stars.
  const source = words.join('[^/]*').replaceAll('[^/]*[^/]*', '.*');
  return new RegExp(`^${source}$`).test(place);
}
