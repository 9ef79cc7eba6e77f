// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {Record<string, string>} Ranges
 * @typedef {{ name?: string, workspaces?: string[] } & Partial<Record<DependencyKind, Ranges>>} Manifest
 * @typedef {Manifest & { version?: string, integrity?: string, resolved?: string, link?: boolean,
 *   optional?: boolean }} LockedPackage
 * @typedef {Record<string, LockedPackage>} LockedPackages
 * @typedef {typeof DEPENDENCY_KINDS[number]} DependencyKind
 */

const DEPENDENCY_KINDS = /** @type {const} */ ([
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
]);

/**
 * What an install has to do: nothing, install what package-lock.json says, or first bring it up
 * to date because it does not fit the package.json files that are named.
 * @param {string} root
 */
export function findMissing(root) {
  const locked = readPackages(join(root, 'package-lock.json'));
  const unlocked = listUnlocked(root, locked);
  return { unlocked, complete: unlocked.length === 0 && isInstalled(root, locked) };
}

/**
 * npm writes this file last: while it is missing, what is installed may be half of it.
 * @param {string} root
 */
export function installRecordOf(root) {
  return join(root, 'node_modules/.package-lock.json');
}

/**
 * The package.json files, root and workspaces, that package-lock.json does not agree with.
 * @param {string} root
 * @param {LockedPackages} locked
 */
function listUnlocked(root, locked) {
  const folders = ['', ...listWorkspaces(root)];
  const gone = Object.keys(locked).filter(
    (path) => !path.includes('node_modules') && !folders.includes(path),
  );
  const changed = folders.filter((folder) => {
    const manifest = readManifest(join(root, folder, 'package.json'));
    const linked = folder === '' || locked[`node_modules/${manifest.name}`]?.resolved === folder;
    return !linked || describeDependencies(manifest) !== describeDependencies(locked[folder]);
  });
  return [...changed, ...gone].map((folder) =>
    folder ? `${folder}/package.json` : 'package.json',
  );
}

/**
 * @param {string} root
 * @param {LockedPackages} locked
 */
function isInstalled(root, locked) {
  const installed = readPackages(installRecordOf(root));
  return Object.entries(locked).every(([path, wanted]) => {
    if (!path.includes('node_modules')) return true;
    const found = installed[path];
    if (!found) return wanted.optional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/** @param {Manifest | undefined} manifest */
function describeDependencies(manifest) {
  const all = DEPENDENCY_KINDS.flatMap((kind) => Object.entries(manifest?.[kind] ?? {}));
  return [...new Set(all.map((entry) => entry.join('@')))].sort().join(' ');
}

/**
 * The folders of the workspaces, relative to the root.
 * @param {string} root
 */
export function listWorkspaces(root) {
  const { workspaces = [] } = readManifest(join(root, 'package.json'));
  const folders = workspaces.flatMap((pattern) => expand(root, pattern.split('/')));
  return [...new Set(folders)].filter((folder) => existsSync(join(root, folder, 'package.json')));
}

/**
 * Node 20 has no globSync: `*` as a whole name is all that the workspaces use.
 * @param {string} root
 * @param {string[]} names
 * @returns {string[]}
 */
function expand(root, names) {
  return names.reduce(
    (folders, name) =>
      folders.flatMap((folder) =>
        (name === '*' ? listFolders(join(root, folder)) : [name]).map((entry) =>
          folder ? `${folder}/${entry}` : entry,
        ),
      ),
    [''],
  );
}

/** @param {string} folder */
function listFolders(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
    .map((entry) => entry.name);
}

/**
 * A lock that is absent, or that a merge left in conflict, locks nothing: npm install mends it.
 * @param {string} file
 * @returns {LockedPackages}
 */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return {};
  }
}

/**
 * @param {string} file
 * @returns {Manifest}
 */
function readManifest(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} cannot be read: ${/** @type {Error} */ (error).message}`);
  }
}
