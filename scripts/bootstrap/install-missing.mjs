// @ts-check
import { existsSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findMissing, installRecordOf, listWorkspaces } from './find-missing.mjs';
import { holdInstallLock, installLockOf } from './install-lock.mjs';
import { runForeground } from './run-foreground.mjs';

/**
 * @typedef {{ installed: boolean, problem?: string }} Outcome
 * @typedef {Awaited<ReturnType<typeof holdInstallLock>>} InstallLock
 */

/**
 * Brings node_modules in line with package-lock.json, one process at a time; a half-done install
 * is done again from nothing. `problem` is a sentence with its mend.
 * @param {string} root
 * @returns {Promise<Outcome>}
 */
export async function installMissing(root) {
  const busy = existsSync(installLockOf(root));
  if (!busy && findMissing(root).complete) return { installed: false };

  const lock = await holdInstallLock(root);
  try {
    const problem = await install(root, lock);
    return { installed: true, ...(problem && { problem }) };
  } finally {
    lock.release();
  }
}

/**
 * `npm install --no-save` and not `npm ci`: it keeps to the lock and never writes it either, but
 * bears a lock that was made where some platform's optional packages could not be had.
 * @param {string} root
 * @param {InstallLock} lock
 * @returns {Promise<string | undefined>} what went wrong
 */
async function install(root, lock) {
  const { unlocked, complete } = findMissing(root);
  if (complete) return undefined;
  if (unlocked.length > 0 && process.env.CI) return describeUnlocked(unlocked);
  const note = unlocked.length > 0 ? `, noting ${unlocked.join(', ')} in package-lock.json` : '';
  console.error(`• installing the packages${note} (the first time this takes a minute)`);
  // npm takes a package for whole when its folder is there: what was interrupted has to go.
  if (existsSync(installRecordOf(root))) rmSync(installRecordOf(root));
  else removeInstalled(root);
  const code = await runNpm(root, lock, ['install', ...(unlocked.length > 0 ? [] : ['--no-save'])]);
  return code === 0 ? undefined : describeFailure(code);
}

/** @param {string} root */
function removeInstalled(root) {
  for (const folder of ['', ...listWorkspaces(root)]) {
    rmSync(join(root, folder, 'node_modules'), { recursive: true, force: true });
  }
}

/**
 * @param {string} root
 * @param {InstallLock} lock
 * @param {string[]} words
 */
function runNpm(root, lock, words) {
  const flags = [
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  return runForeground('npm', [...words, ...flags], {
    env: npmEnvironment(root),
    shell: process.platform === 'win32',
    onStart: lock.add,
  });
}

/**
 * npm passes the flags of `npm run` on as variables: what was meant for the script must not shape
 * the install. Nor may npm run on the Node that it is about to replace. An npm before 11 runs every
 * install script: that of ONNX Runtime fetches libraries for graphics cards, from another host.
 * @param {string} root
 */
function npmEnvironment(root) {
  const meantForTheScript =
    /^npm_config_(workspaces?|include_workspace_root|omit|global|dry_run)$/i;
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
  return code > 128
    ? 'The install was stopped; the next run starts it again.'
    : `npm could not install the packages (code ${code}): see above, mend that and run this again.`;
}
