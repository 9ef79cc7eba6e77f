import { accessSync, constants, globSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './is-alive.ts';

/** Enough for the databases of a whole test run; a container often has 64 MB. */
const ENOUGH_BYTES = 2 * 1024 ** 3;
const MEMORY = '/dev/shm';

/**
 * A new folder for what nobody needs afterwards: in memory where Linux has room for it, else in the
 * temporary folder. On a busy disk a database of its own takes a test 200 ms; in memory 10.
 */
export function makeThrowAwayFolder(prefix: string, { durable = false } = {}): string {
  const root = durable ? tmpdir() : findRoot();
  removeAbandonedFolders(root, prefix);
  return mkdtempSync(join(root, `${prefix}${process.pid}-`));
}

function findRoot(): string {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ENOUGH_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** What a run left behind that was killed; a server without files ends itself. */
function removeAbandonedFolders(root: string, prefix: string): void {
  for (const name of globSync(`${prefix}*`, { cwd: root })) {
    const owner = Number.parseInt(name.slice(prefix.length), 10);
    if (!isAlive(owner)) rmSync(join(root, name), { recursive: true, force: true });
  }
}
