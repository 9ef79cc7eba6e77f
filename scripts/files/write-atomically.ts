import {
  existsSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

const NEW_FILE = 0o666;

/**
 * Writes a file in one step, with its folder if that is missing: a reader sees the old file or the
 * new text, and nothing between. A file that is there keeps its mode, and a link stays a link. Until
 * it is whole it lies in the folder for drafts, on the same disk, or beside the target.
 */
export function writeAtomically(path: string, text: string, drafts?: string): void {
  const target = existsSync(path) ? realpathSync.native(path) : path;
  const folder = dirname(target);
  const temporary = join(drafts ?? folder, `.${basename(target)}.${process.pid}.tmp`);
  mkdirSync(folder, { recursive: true });
  try {
    const mode = statSync(target, { throwIfNoEntry: false })?.mode ?? NEW_FILE;
    writeFileSync(temporary, text, { mode });
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
