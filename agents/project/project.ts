import { existsSync, readdirSync, readFileSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeAtomically } from '../../scripts/files/write-atomically.ts';
import { HOLD } from './hold-project.ts';
import { ProjectError } from './project-error.ts';
import { resolveInside } from './safe-path.ts';

/**
 * A project on disk. Every path is relative to it, with `/`, and stays inside. Texts have `\n` and
 * no byte order mark here; on disk a file keeps the line ends and the mark that it has.
 */
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
  if (!existsSync(folder)) throw new ProjectError(`there is no folder ${folder}`);
  const root = realpathSync.native(folder);
  const locate = (path: string) => resolveInside(root, path);

  function readRaw(path: string): string | undefined {
    return orUndefined(() => readFileSync(locate(path), 'utf8'));
  }

  function read(path: string): string | undefined {
    return readRaw(path)
      ?.replace(/^\uFEFF/, '')
      .replaceAll('\r\n', '\n');
  }

  function write(path: string, text: string): void {
    const present = readRaw(path) ?? '';
    const mark = present.startsWith('\uFEFF') ? '\uFEFF' : '';
    const ended = /^[^\n]*\r\n/.test(present) ? text.replaceAll('\n', '\r\n') : text;
    const drafts = join(root, HOLD);
    writeAtomically(locate(path), mark + ended, existsSync(drafts) ? drafts : undefined);
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
