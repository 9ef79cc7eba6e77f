import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { StepResult } from '../command-line/terminal.ts';
import { ROOT } from '../files/root.ts';
import { runAsStep } from './run-and-record.ts';

/** Where to look: folders of this repository, and a folder for the configuration that names them. */
type TypeSelection = { paths: string[]; folder: string };

/** Type-checks only what is in these folders, and what they import: all of it takes ten times as long. */
export async function checkTypes(
  { paths, folder }: TypeSelection,
  report: (text: string) => void,
): Promise<StepResult> {
  const file = join(folder, 'tsconfig.json');
  const include = paths.map((path) => resolve(ROOT, path, '**/*'));
  const compilerOptions = { typeRoots: [join(ROOT, 'node_modules/@types')] };
  writeFileSync(
    file,
    JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), include, compilerOptions }),
  );
  return await runAsStep([process.execPath, 'node_modules/typescript/bin/tsc', '-p', file], report);
}
