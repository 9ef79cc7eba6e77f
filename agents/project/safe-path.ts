import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, sep, win32 } from 'node:path';

/** A path that would leave the project, or that no file may have. */
export class UnsafePathError extends Error {
  override readonly name = 'UnsafePathError';
}

/** Where a path of the project lies on disk; throws when it would lie anywhere else. */
export function resolveInside(root: string, path: string): string {
  const fault = findFault(path);
  if (fault !== undefined)
    throw new UnsafePathError(`${JSON.stringify(path)} is refused: ${fault}`);
  const target = join(root, path);
  const real = realpathSync.native(findExisting(target));
  const home = realpathSync.native(root);
  if (real === home || real.startsWith(home + sep)) return target;
  throw new UnsafePathError(`${JSON.stringify(path)} is refused: a link leads out of the project`);
}

function findFault(path: string): string | undefined {
  if (path.trim() === '') return 'it is empty';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u001f]/.test(path)) return 'it holds a control character';
  if (path.includes('\\')) return 'write it with /';
  if (isAbsolute(path) || win32.isAbsolute(path)) return 'it is absolute';
  if (/^[a-z]:/i.test(path)) return 'it names a drive';
  if (path.split('/').includes('..')) return 'it leads upwards';
  return undefined;
}

/** The path itself, or the nearest folder above it that is there; a broken link counts as there. */
function findExisting(path: string): string {
  return existsSync(path) ? path : findExisting(dirname(path));
}
