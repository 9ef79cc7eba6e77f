import { readdirSync, readFileSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeAtomically } from '../../scripts/files/write-atomically.ts';
import { resolveInside } from './safe-path.ts';

/** A project on disk. Every path is relative to it, with `/`, and stays inside. */
export type Project = {
  root: string;
  /** Undefined when there is no such file. */
  read: (path: string) => string | undefined;
  /** In one step; a file that is there keeps its mode. */
  write: (path: string, text: string) => void;
  /** Removes a file, and the folders that it leaves empty. */
  remove: (path: string) => void;
  /** The names in a folder, sorted; none when there is no such folder. */
  list: (path: string) => string[];
};

/** Opens the project in a folder. */
export function openProject(folder: string): Project {
  const root = realpathSync.native(folder);
  const locate = (path: string) => resolveInside(root, path);

  function read(path: string): string | undefined {
    return orUndefined(() => readFileSync(locate(path), 'utf8'));
  }

  function write(path: string, text: string): void {
    const file = locate(path);
    writeAtomically(file, text);
  }

  function remove(path: string): void {
    rmSync(locate(path), { force: true });
    let folder = dirname(path);
    while (folder !== '.' && list(folder).length === 0) {
      rmdirSync(locate(folder));
      folder = dirname(folder);
    }
  }

  function list(path: string): string[] {
    return orUndefined(() => readdirSync(locate(path)).sort()) ?? [];
  }
  return { root, read, write, remove, list };
}

function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code));
