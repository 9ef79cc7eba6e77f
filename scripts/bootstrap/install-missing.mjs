// @ts-check
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findMissing, installRecordOf, listWorkspaces } from './find-missing.mjs';
import { holdInstallLock } from './install-lock.mjs';
import { runForeground } from './run-foreground.mjs';

/** @typedef {{ installed: boolean, problem?: string }} Outcome */

const FLAGS = [
  '--include=dev',
  '--include=optional',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
];

/**
 * Brings the packages of the root and of the wanted workspaces in line with package-lock.json, one
 * process at a time; a half-done install is done again from nothing. `problem` is a sentence with
 * its fix.
 * @param {string} root
 * @param {string[]} wanted
 * @returns {Promise<Outcome>}
 */
export async function installMissing(root, wanted) {
  if (findMissing(root, wanted).complete) return { installed: false };
  const lock = await holdInstallLock(root);
  try {
    const problem = await install(root, wanted, lock.add);
    return { installed: true, ...(problem && { problem }) };
  } finally {
    lock.release();
  }
}

/**
 * `npm install --no-save` and not `npm ci`: it keeps to the lock and never writes it either, adds
 * to what is installed instead of removing it first, and bears a lock that was made where some
 * platform's optional packages could not be had.
 * @param {string} root
 * @param {string[]} wanted
 * @param {(pid: number) => void} onStart
 * @returns {Promise<string | undefined>} what went wrong
 */
async function install(root, wanted, onStart) {
  const { complete, unlocked, workspaces, isAll, leftover } = findMissing(root, wanted);
  if (complete) return undefined;
  if (unlocked.length > 0 && process.env.CI) return describeUnlocked(unlocked);
  const note = unlocked.length > 0 ? `, noting ${unlocked.join(', ')} in package-lock.json` : '';
  console.error(`• installing the packages${note} (the first time this takes a minute)`);
  const record = removeStale(root, leftover);
  const save = unlocked.length > 0 ? [] : ['--no-save'];
  const part = ['--include-workspace-root', ...workspaces.map((name) => `--workspace=${name}`)];
  const code = await runForeground('npm', ['install', ...save, ...(isAll ? [] : part), ...FLAGS], {
    cwd: root,
    env: npmEnvironment(root),
    shell: process.platform === 'win32',
    onStart,
  });
  if (code === 0) return undefined;
  // When npm fails by itself, it undoes what it did: what was there can still be used.
  if (!isStopped(code) && record) writeFileSync(installRecordOf(root), record);
  return describeFailure(code);
}

/**
 * npm takes a package for whole when its folder is there: what was interrupted has to go. Returns
 * the record of what is installed, which is gone until npm writes it again.
 * @param {string} root
 * @param {string[]} leftover
 */
function removeStale(root, leftover) {
  const file = installRecordOf(root);
  const record = existsSync(file) && readFileSync(file);
  const folders = ['', ...listWorkspaces(root)].map((folder) => join(folder, 'node_modules'));
  for (const path of record ? leftover : folders)
    rmSync(join(root, path), { recursive: true, force: true });
  rmSync(file, { force: true });
  return record;
}

/**
 * npm passes the flags of `npm run` on as variables, and the folder of the script: what was meant for
 * that must not shape the install. Nor may npm run on the Node that it is about to replace. An npm before 11 runs every
 * install script: that of ONNX Runtime fetches libraries for graphics cards, from another host.
 * @param {string} root
 */
function npmEnvironment(root) {
  const meantForTheScript =
    /^npm_config_(workspaces?|include_workspace_root|local_prefix|omit|global|dry_run)$/i;
  const entries = Object.entries(process.env).filter(([name]) => !meantForTheScript.test(name));
  const modules = join(root, 'node_modules');
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.startsWith(modules))
    .join(delimiter);
  return { ...Object.fromEntries(entries), PATH: path, ONNXRUNTIME_NODE_INSTALL: 'skip' };
}

/** @param {string[]} unlocked */
function describeUnlocked(unlocked) {
  return (
    `package-lock.json does not fit ${unlocked.join(', ')}: ` +
    'run "npm install" and commit package-lock.json.'
  );
}

/** @param {number} code */
function describeFailure(code) {
  return isStopped(code)
    ? 'The install was stopped; the next run starts it again.'
    : `npm could not install the packages (code ${code}): see above, fix that and run this again.`;
}

/**
 * A signal ended it.
 * @param {number} code
 */
function isStopped(code) {
  return code > 128;
}
