import { lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { ProjectError } from './project-error.ts';

/** A text of a project: where it really lies, and what it says; undefined where there is none. */
export type ProjectText = { name: string; path: string; text: string | undefined };

/** Reads a text that lies in a folder. A symbolic link is followed within the folder, and not out of it. */
export function readProjectText(folder: string, name: string): ProjectText {
  const root = realpathSync.native(folder);
  const path = follow(root, join(root, name));
  return { name, path, text: readIfThere(path) };
}

/** Link by link, for the file that the last one names need not be there. */
function follow(root: string, path: string, links = 0): string {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
    return assertInside(root, path);
  if (links > 10) throw new ProjectError(`${relative(root, path)} is a symbolic link to itself`);
  return follow(root, resolve(dirname(path), readlinkSync(path)), links + 1);
}

function assertInside(root: string, path: string): string {
  const real = join(realFolder(dirname(path)), path.slice(dirname(path).length));
  if (real.startsWith(root + sep)) return real;
  throw new ProjectError(`a link points outside the project, to ${real}: nothing is written there`);
}

function realFolder(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    throw new ProjectError(`a symbolic link points to ${path}, and that folder does not exist`);
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
