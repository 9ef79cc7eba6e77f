import { lstatSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, sep, win32 } from 'node:path';
import { ProjectError } from './project-error.ts';

/** A path that would leave the project, or that no file may have. */
class UnsafePathError extends ProjectError {
  override readonly name = 'UnsafePathError';
}

/** Where a path of the project lies on disk; throws when it would lie anywhere else. */
export function resolveInside(root: string, path: string): string {
  const fault = findFault(path) ?? findFaultyLink(root, join(root, path));
  if (fault === undefined) return join(root, path);
  throw new UnsafePathError(`${JSON.stringify(path)} is refused: ${fault}`);
}

function findFault(path: string): string | undefined {
  if (path.trim() === '') return 'it is empty';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u001f]/.test(path)) return 'it contains a control character';
  if (path.includes('\\')) return 'write it with /';
  if (isAbsolute(path) || win32.isAbsolute(path)) return 'it is absolute';
  if (/^[a-z]:/i.test(path)) return 'it names a drive';
  if (path.split('/').includes('..')) return 'it goes up with ..';
  return undefined;
}

/** Writing to a broken link makes what it points to, wherever that is: such a link is refused too. */
function findFaultyLink(root: string, target: string): string | undefined {
  const home = realpathSync.native(root);
  try {
    const real = realpathSync.native(findExisting(target));
    return real === home || real.startsWith(home + sep)
      ? undefined
      : 'a link points outside the project';
  } catch {
    return 'it is a broken link';
  }
}

/** The path itself, or the nearest folder above it that is there; a broken link is there. */
function findExisting(path: string): string {
  return lstatSync(path, { throwIfNoEntry: false }) ? path : findExisting(dirname(path));
}
