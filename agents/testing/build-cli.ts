import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/files/root.ts';
import { buildLibrary } from '../generate/build-library.ts';
import { writeLibraryFiles } from '../generate/build-package.ts';
import { bundleCode } from '../generate/bundle-code.ts';

/**
 * The command with its library, in a folder of the caller's alone from which the packages that it
 * imports are found. It is not `agents/dist`: `npm pack` makes that anew, perhaps just now.
 */
export async function buildCli(version: string): Promise<Disposable & { program: string }> {
  const cache = join(ROOT, 'agents/node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'cli-'));
  writeLibraryFiles(buildLibrary(ROOT, version), join(folder, 'library'));
  await bundleCode(join(ROOT, 'agents'), folder);
  return {
    program: join(folder, 'cli.js'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
