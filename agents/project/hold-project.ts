import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProjectError } from './project-error.ts';

/** The folder that is there while a command changes the project: half-written files, and the number of the process. */
export const HOLD = '.touchstone.tmp';

const PAUSE_MS = 50;

/** Does work that reads a project and then writes it; another command waits until it is done. */
export function holdProject<T>(root: string, work: () => T, limitMs = 10_000): T {
  takeHold(root, limitMs);
  try {
    removeDrafts(root);
    return work();
  } finally {
    release(root);
  }
}

/** In one step: an empty folder would be replaced by the next one's. */
function release(root: string): void {
  renameSync(join(root, HOLD), draftOf(root));
  rmSync(draftOf(root), { recursive: true });
}

const draftOf = (root: string): string => join(root, `${HOLD}-${process.pid}`);

function takeHold(root: string, limitMs: number): void {
  for (let waitedMs = 0; !placeHold(root) && !inheritHold(root); waitedMs += PAUSE_MS) {
    if (waitedMs >= limitMs) refuse(root);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}

/** A folder with a file in it is never replaced: one process has the hold, and its number is there at once. */
function placeHold(root: string): boolean {
  const draft = draftOf(root);
  mkdirSync(draft, { recursive: true });
  writeFileSync(join(draft, `${process.pid}`), '');
  try {
    renameSync(draft, join(root, HOLD));
    return true;
  } catch (error) {
    if (!isTaken(error)) throw error;
    return false;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

const isTaken = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  ['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(`${error.code}`);

/** Takes the hold of a process that was killed: of two that try, one renames its number. */
function inheritHold(root: string): boolean {
  const holder = readHolder(root);
  if (holder === undefined || isAlive(Number(holder))) return false;
  try {
    renameSync(join(root, HOLD, holder), join(root, HOLD, `${process.pid}`));
    return true;
  } catch {
    return false;
  }
}

/** Those of processes that were killed before they had the hold. */
function removeDrafts(root: string): void {
  const drafts = readdirSync(root).filter((name) => name.startsWith(`${HOLD}-`));
  for (const draft of drafts.filter((name) => !isAlive(Number(name.slice(HOLD.length + 1)))))
    rmSync(join(root, draft), { recursive: true, force: true });
}

function readHolder(root: string): string | undefined {
  try {
    return readdirSync(join(root, HOLD)).find((name) => /^\d+$/.test(name));
  } catch {
    return undefined; // It has just ended.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function refuse(root: string): never {
  const holder = readHolder(root);
  throw new ProjectError(
    `another command (process ${holder}) is changing this project: try again when it has ended, or remove ${HOLD}`,
  );
}
