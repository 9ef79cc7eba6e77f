import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { makeThrowAwayFolder } from '@touchstone/kit/programs/throw-away-folder';
import { endPrograms } from './end-programs.ts';

/** Copies of one example, each with one file changed. The repository itself is never written. */
export type MutantTree = {
  root: string;
  /** Runs with the folder of a copy of the example; without a change, the example as it is. */
  inCopy: <T>(change: Change | undefined, run: (folder: string) => Promise<T>) => Promise<T>;
  removeAll: () => void;
};

/** A file of the example, and its text in a copy. */
type Change = { path: string; text: string };

/** Prepares a temporary folder for copies of the example. */
export function openMutantTree(repository: string, id: string): MutantTree {
  const root = makeThrowAwayFolder('touchstone-mutate-');
  chmodSync(root, 0o755); // services that run as another user read their configuration here
  const source = join(repository, 'examples', id);
  let copies = 0;

  function plant(change: Change | undefined): string {
    const copy = join(root, `${copies++}`);
    linkSurroundings(repository, copy, id);
    const folder = join(copy, 'examples', id);
    cpSync(source, folder, { recursive: true, filter: isOwnFile });
    if (existsSync(join(source, 'node_modules')))
      symlinkSync(join(source, 'node_modules'), join(folder, 'node_modules'));
    if (change) writeFileSync(join(folder, change.path), change.text);
    return folder;
  }

  async function inCopy<T>(change: Change | undefined, run: (folder: string) => Promise<T>) {
    const folder = plant(change);
    try {
      return await run(folder);
    } finally {
      const copy = join(folder, '../../..');
      endPrograms(copy);
      rmSync(copy, { recursive: true, force: true });
    }
  }

  const removeAll = () => rmSync(root, { recursive: true, force: true });
  process.once('exit', removeAll);
  return { root, inCopy, removeAll };
}

const isOwnFile = (path: string): boolean => !/[/\\](node_modules|\.data)$/.test(path);

/** What a copy finds around it is the repository's own: packages, the kit, the other examples. */
function linkSurroundings(repository: string, copy: string, id: string): void {
  const area = dirname(id);
  mkdirSync(join(copy, 'examples', area), { recursive: true });
  const link = (path: string) => symlinkSync(join(repository, path), join(copy, path));
  link('node_modules');
  link('package.json');
  for (const name of readdirSync(join(repository, 'examples')))
    if (name !== area) link(join('examples', name));
  for (const name of readdirSync(join(repository, 'examples', area)))
    if (join(area, name) !== id) link(join('examples', area, name));
}
