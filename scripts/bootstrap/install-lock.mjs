// @ts-check
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 100;

/**
 * A folder that exists while packages are installed; each file in it is named for a process that
 * works on them. When none of these lives any more, the install was interrupted.
 * @param {string} root
 */
export function installLockOf(root) {
  return join(root, '.cache', 'install-lock');
}

/**
 * Waits until nobody else installs, then holds the lock. The lock of dead processes is broken.
 * @param {string} root
 */
export async function holdInstallLock(root) {
  const lock = installLockOf(root);
  mkdirSync(dirname(lock), { recursive: true });
  let announced = false;
  while (!take(lock)) {
    if (breakDead(lock)) continue;
    if (!announced) console.error(describeWait(root, lock));
    announced = true;
    await wait(POLL_MS);
  }
  return {
    /** @param {number} pid a process that works on the packages even if this one is killed */
    add: (pid) => writeFileSync(join(lock, String(pid)), ''),
    release: () => release(lock),
  };
}

/**
 * Moves a folder that already names this process into place: no moment without an owner.
 * @param {string} lock
 */
function take(lock) {
  const prepared = `${lock}.${process.pid}`;
  mkdirSync(prepared, { recursive: true });
  writeFileSync(join(prepared, String(process.pid)), '');
  if (tryRename(prepared, lock)) return true;
  rmSync(prepared, { recursive: true });
  return false;
}

/**
 * The name a broken lock gets is its own, so that of two breakers one succeeds, and neither can
 * take away the lock that the other has made since.
 * @param {string} lock
 */
function breakDead(lock) {
  const found = statSync(lock, { throwIfNoEntry: false });
  const owners = listOwners(lock);
  if (!found || owners.length === 0 || owners.some(isAlive)) return false;
  return tryRename(lock, `${lock}.broken-${found.ino}-${found.birthtimeMs}`);
}

/**
 * In one move: a lock with half its owners would look interrupted.
 * @param {string} lock
 */
function release(lock) {
  const name = basename(lock);
  renameSync(lock, `${lock}.broken-${process.pid}`);
  for (const entry of readdirSync(dirname(lock))) {
    if (entry.startsWith(`${name}.broken-`)) {
      rmSync(join(dirname(lock), entry), { recursive: true, force: true });
    }
  }
}

/**
 * @param {string} from
 * @param {string} to
 */
function tryRename(from, to) {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code ?? '';
    if (['ENOTEMPTY', 'EEXIST', 'EPERM', 'ENOENT'].includes(code)) return false;
    throw error;
  }
}

/** @param {string} lock */
function listOwners(lock) {
  try {
    return readdirSync(lock).map(Number);
  } catch {
    return [];
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0) && !isZombie(pid);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/**
 * In a container whose first process reaps nobody, the dead keep their number for ever.
 * @param {number} pid
 */
function isZombie(pid) {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && /\) Z [^)]*$/.test(readFileSync(file, 'utf8'));
}

/**
 * @param {string} root
 * @param {string} lock
 */
function describeWait(root, lock) {
  return (
    `• waiting: process ${listOwners(lock)[0]} is installing the packages ` +
    `(if it is not, remove ${relative(root, lock)})`
  );
}
