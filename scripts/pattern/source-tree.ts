import { posix } from 'node:path';
import type { FileTree } from './follow-imports.ts';
import { hashText } from './hash.ts';
import { examplePath, findPatternFile } from './ids.ts';
import { listPatternIds } from './list-pattern-ids.ts';
import { readSources } from './read-example.ts';
import { readInside } from './read-inside.ts';
import { type Reading, readReferences } from './read-references.ts';

/** The files of all examples and of the kit, by their paths in the repository; read when first asked for. */
export type SourceTree = FileTree & {
  /** Takes in the files of an example that was read already. */
  add: (folder: string, sources: ReadonlyMap<string, string>) => void;
  /** The hash of a file's text. */
  hash: (path: string) => string;
  /** The hash of a file's text without comments. */
  hashCode: (path: string) => string;
};

type File = { hash: string; reading: Reading };

const KIT = examplePath('kit');

/** Opens the examples of a repository as they stand now; of each file only its hash and its references are kept. */
export function openSourceTree(root: string): SourceTree {
  const files = new Map<string, File>();
  const folders = new Map<string, string[]>();
  const loaded = new Set<string>();
  let packages: Map<string, string> | undefined;

  function add(folder: string, sources: ReadonlyMap<string, string>): void {
    loaded.add(folder);
    for (const [name, text] of sources) {
      const path = `${folder}/${name}`;
      files.set(path, { hash: hashText(text), reading: readReferences(path, text) });
      for (const parent of listParents(name)) addTo(folders, `${folder}/${parent}`, path);
    }
  }

  function find(path: string): File | undefined {
    const id = findOwner(path);
    if (id === undefined) return undefined;
    const folder = examplePath(id);
    if (!loaded.has(folder)) add(folder, readSources(root, id));
    return files.get(path);
  }

  function locate(specifier: string): string | undefined {
    const [, name = '', within] = /^(@[^/]+\/[^/]+)\/(.+)$/.exec(specifier) ?? [];
    packages ??= readPackageNames(root);
    const folder = packages.get(name);
    if (folder === undefined) return undefined;
    return [`${folder}/${within}`, `${folder}/${within}.ts`].find((path) => find(path));
  }

  return {
    add,
    refer: (path) => find(path)?.reading,
    list: (folder) => folders.get(folder) ?? [],
    locate,
    hash: (path) => find(path)?.hash ?? '',
    hashCode: (path) => find(path)?.reading.codeHash ?? '',
  };
}

/** The id of the pattern whose example has the file, or `kit`. */
function findOwner(path: string): string | undefined {
  if (path.startsWith(`${KIT}/`)) return 'kit';
  const found = findPatternFile(path);
  return found?.file === undefined ? undefined : found.id;
}

/** The folders within an example that a file is in. */
function listParents(name: string): string[] {
  const parent = posix.dirname(name);
  return parent === '.' ? [] : [parent, ...listParents(parent)];
}

function addTo(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** The folder of each example and of the kit, by the name in its package.json. */
function readPackageNames(root: string): Map<string, string> {
  const folders = [KIT, ...listPatternIds(root).map((id) => examplePath(id))];
  const entries = folders.flatMap((folder) => {
    const name = readName(readInside(root, `${folder}/package.json`).text);
    return name === undefined ? [] : [[name, folder] as const];
  });
  return new Map(entries);
}

function readName(manifest = '{}'): string | undefined {
  try {
    const { name } = JSON.parse(manifest) as { name?: string };
    return name;
  } catch {
    return undefined;
  }
}
