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
 * What has to be done so that the root and the workspaces in `wanted` have their packages: nothing,
 * or install those of `workspaces`, which were installed before or are wanted. `unlocked` are the
 * package.json files that package-lock.json does not agree with; `leftover` are packages that it
 * no longer has: npm lets them lie when it does not install all.
 * @param {string} root
 * @param {string[]} wanted
 */
export function findMissing(root, wanted) {
  const locked = readPackages(join(root, 'package-lock.json'));
  const installed = readPackages(installRecordOf(root));
  const all = listWorkspaces(root);
  const workspaces = all.filter((folder) => wanted.includes(folder) || installed[folder]);
  const unlocked = listUnlocked(root, workspaces, locked);
  const leftover = Object.keys(installed).filter((path) => isPackage(path) && !locked[path]);
  const complete = unlocked.length === 0 && isInstalled({ workspaces, installed, locked });
  return { workspaces, isAll: workspaces.length === all.length, unlocked, leftover, complete };
}

/**
 * npm writes this file last: while it is missing, what is installed may be half of it.
 * @param {string} root
 */
export function installRecordOf(root) {
  return join(root, 'node_modules/.package-lock.json');
}

/**
 * @param {string} root
 * @param {string[]} workspaces
 * @param {LockedPackages} locked
 */
function listUnlocked(root, workspaces, locked) {
  const changed = ['', ...workspaces].filter((folder) => {
    const manifest = readManifest(join(root, folder, 'package.json'));
    const linked = folder === '' || locked[`node_modules/${manifest.name}`]?.resolved === folder;
    return !linked || describeDependencies(manifest) !== describeDependencies(locked[folder]);
  });
  const gone = Object.keys(locked).filter(
    (path) => path !== '' && !isPackage(path) && !existsSync(join(root, path, 'package.json')),
  );
  return [...changed, ...gone].map((folder) => join(folder, 'package.json'));
}

/**
 * The record does not name the root: of its packages each has to be there by itself.
 * @param {{ workspaces: string[], installed: LockedPackages, locked: LockedPackages }} state
 */
function isInstalled({ workspaces, installed, locked }) {
  const direct = Object.keys({ ...locked['']?.dependencies, ...locked['']?.devDependencies });
  const needed = [...workspaces, ...direct.map((name) => `node_modules/${name}`)];
  const isSound = Object.entries(installed).every(([path, found]) => isSame(found, locked[path]));
  return isSound && needed.every((path) => installed[path]);
}

/**
 * @param {LockedPackage} found
 * @param {LockedPackage | undefined} wanted
 */
function isSame(found, wanted) {
  if (found.version !== wanted?.version || found.integrity !== wanted?.integrity) return false;
  return describeDependencies(found) === describeDependencies(wanted);
}

/**
 * All else that package-lock.json names is the root or a workspace.
 * @param {string} path
 */
function isPackage(path) {
  return path.includes('node_modules/');
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
  const folders = workspaces.flatMap((pattern) => expand(root, pattern));
  return [...new Set(folders)].filter((folder) => existsSync(join(root, folder, 'package.json')));
}

/**
 * Node 20 has no globSync: `*` as a whole name is all that the workspaces use.
 * @param {string} root
 * @param {string} pattern
 * @returns {string[]}
 */
function expand(root, pattern) {
  const [parent = ''] = pattern.split('*', 1);
  if (parent === pattern) return [pattern];
  return listFolders(join(root, parent)).flatMap((name) =>
    expand(root, pattern.replace('*', name)),
  );
}

/** @param {string} folder */
function listFolders(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/**
 * A lock that is absent, or that a merge left in conflict, locks nothing: npm install fixes it.
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
