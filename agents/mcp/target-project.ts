import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Packages } from '../library/types.ts';
import { openProject, type Project } from '../project/project.ts';
import { quoteInput } from './pattern-finder.ts';
import { ToolError } from './tool.ts';

/** What somebody tells of a project whose disk is not here. */
export type Target = {
  packageManager: string;
  dependencies: Packages;
};

const LOCK_FILES: Record<string, string> = {
  pnpm: 'pnpm-lock.yaml',
  yarn: 'yarn.lock',
  bun: 'bun.lock',
};

/** A project of which only the settings are known: it has files enough to read them from. */
export function imagineProject({ packageManager, dependencies }: Target): Project {
  const lockFile = LOCK_FILES[packageManager];
  const files = new Map([
    ['package.json', JSON.stringify({ type: 'module', dependencies })],
    ...(lockFile ? [[lockFile, ''] as const] : []),
  ]);
  return {
    root: '.',
    read: (path) => files.get(path),
    list: (path) => (path === '.' ? [...files.keys()].sort() : []),
    write: refuse,
    remove: refuse,
  };
}

/** The project in a folder of this machine. */
export function locateProject(folder: string): Project {
  const root = resolve(folder);
  if (!isFolder(root)) throw new ToolError(`dir: there is no folder ${quoteInput(folder)}.`);
  const project = openProject(realpathSync(root));
  if (project.list('.').includes('package.json')) return project;
  throw new ToolError(
    `dir: ${quoteInput(folder)} has no package.json. Pass the root of the project.`,
  );
}

/** A tool that only reads must not be able to write, whatever it calls. */
function refuse(): never {
  throw new ToolError('This project is not on this machine.');
}

function isFolder(path: string): boolean {
  return (
    !path.includes('\0') && (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)
  );
}
