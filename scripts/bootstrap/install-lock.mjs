// @ts-check
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 100;

/**
 * Waits until no other process installs. Each process that installs keeps a file named for it; the
 * file of a dead process counts for nothing. Of two that come at once both step back and try again
 * after pauses that differ.
 * @param {string} root
 */
export async function holdInstallLock(root) {
  const folder = join(root, '.cache/installing');
  const fileOf = (/** @type {number} */ pid) => join(folder, String(pid));
  const own = fileOf(process.pid);
  mkdirSync(folder, { recursive: true });
  for (let announced = false; ; announced = true) {
    writeFileSync(own, '');
    const others = readdirSync(folder)
      .map(Number)
      .filter((pid) => pid !== process.pid);
    const other = others.find(isAlive);
    if (other === undefined) {
      for (const pid of others) rmSync(fileOf(pid), { force: true });
      break;
    }
    rmSync(own);
    if (!announced) console.error(describeWait(other, relative(root, fileOf(other))));
    await wait(POLL_MS * (1 + Math.random()));
  }
  const files = [own];
  return {
    /** @param {number} pid a process that works on the packages even if this one is killed */
    add(pid) {
      files.push(fileOf(pid));
      writeFileSync(fileOf(pid), '');
    },
    release() {
      for (const file of files) rmSync(file, { force: true });
    },
  };
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
 * In a container whose first process reaps no process, the dead keep their number for ever.
 * @param {number} pid
 */
function isZombie(pid) {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && /\) Z [^)]*$/.test(readFileSync(file, 'utf8'));
}

/**
 * @param {number} pid
 * @param {string} file
 */
function describeWait(pid, file) {
  return `• waiting: process ${pid} is installing the packages (if it is not, remove ${file})`;
}
