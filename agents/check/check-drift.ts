import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../scripts/engine/findings.ts';
import { writeAtomically } from '../../scripts/files/write-atomically.ts';
import { COMMITTED_FOLDERS } from '../generate/write-committed-files.ts';
import { readText } from './read-tool-texts.ts';

const FIX = 'npm run sync';

/** Finds generated files that are not as the patterns would have them, and those of no pattern. */
export function checkDrift(root: string, files: ReadonlyMap<string, string>): Finding[] {
  const stray = listStrays(root, files).map((path) =>
    toFinding(path, 1, {
      code: 'generated-stray',
      message: 'no pattern generates this file any more',
    }),
  );
  return [...[...files].flatMap(([path, text]) => compare(root, path, text)), ...stray];
}

/** Writes what differs and removes what no pattern makes; the paths of both. */
export function fixDrift(root: string, files: ReadonlyMap<string, string>): string[] {
  const different = [...files].filter(([path, text]) => readText(root, path) !== text);
  for (const [path, text] of different) writeAtomically(join(root, path), text);
  const strays = listStrays(root, files);
  for (const path of strays) rmSync(join(root, path));
  return [...different.map(([path]) => path), ...strays];
}

function compare(root: string, path: string, text: string): Finding[] {
  const found = readText(root, path);
  if (found === text) return [];
  const code = 'generated-drift';
  if (found === undefined) return [toFinding(path, 1, { code, message: 'the file is not there' })];
  const message = 'this differs from what the patterns generate';
  return [toFinding(path, findFirstDifference(found, text), { code, message })];
}

function findFirstDifference(a: string, b: string): number {
  const [left, right] = [a.split('\n'), b.split('\n')];
  return left.findIndex((line, index) => line !== right[index]) + 1 || left.length;
}

const toFinding = (
  file: string,
  line: number,
  fault: Pick<Finding, 'code' | 'message'>,
): Finding => ({ ...fault, file, line, column: 1, fix: FIX });

function listStrays(root: string, files: ReadonlyMap<string, string>): string[] {
  return COMMITTED_FOLDERS.flatMap((folder) =>
    globSync('**/*', { cwd: join(root, folder), withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .map((path) => path.replaceAll('\\', '/')),
  )
    .filter((path) => !files.has(path))
    .sort();
}
