import { posix } from 'node:path';
import { findFrontmatter } from '../engine/frontmatter.ts';
import { followFiles, listPackages } from './follow-imports.ts';
import { hashParts } from './hash.ts';
import { examplePath } from './ids.ts';
import { readInside } from './read-inside.ts';
import { type FindLocked, readPackageLock } from './read-package-lock.ts';
import { openSourceTree, type SourceTree } from './source-tree.ts';

/** What a record was made from: its hash, and the files it covers by their paths in the repository. */
export type Key = { key: string; files: ReadonlySet<string> };

/** The keys of an example's records: a record is fresh while its key is unchanged. */
export type ExampleKeys = {
  /** Of proof.json and mutants.json: what its tests, its demos and the files that a reader takes reach. */
  proof: Key;
  /** Of bench.json: what bench.ts reaches. */
  bench: Key;
};

/** An example as it was read, and the text of its page. */
export type KeyedExample = {
  id: string;
  sources: ReadonlyMap<string, string>;
  page: string | undefined;
};

/** Gives the keys of examples. */
export type ReadKeys = (example: KeyedExample) => ExampleKeys;

const BENCH = 'bench.ts';
const RUNS = /(?:\.test|(?:^|-)demo)\.ts$/;
const CODE = /\.[cm]?ts$/;
const NO_SOURCES = new Set(['package.json', 'mutants.json', 'review.md']);

/**
 * Opens a repository to compute keys, for one run: what it has read of the kit, of other examples
 * and of package-lock.json, it does not read again.
 */
export function openKeys(root: string): ReadKeys {
  const tree = openSourceTree(root);
  const findLocked = readPackageLock(readInside(root, 'package-lock.json').text);

  return function readKeys({ id, sources, page }) {
    const folder = examplePath(id);
    tree.add(folder, sources);
    const reach = (names: string[]) =>
      followFiles(
        tree,
        names.map((name) => `${folder}/${name}`),
      );
    const proof = reach(listEntries(sources, page));
    const bench = reach([BENCH]);
    // A file that no string names can still be read, by a name that is put together: it counts for both.
    const loose = [...sources.keys()]
      .filter((name) => !CODE.test(name) && !NO_SOURCES.has(name))
      .map((name) => `${folder}/${name}`)
      .filter((path) => !proof.has(path) && !bench.has(path));
    const seal = (reached: Set<string>) =>
      sealKey({ tree, findLocked, folder, files: reached.union(new Set(loose)) });
    return { proof: seal(proof), bench: seal(bench) };
  };
}

/** Tests, demos, and the files that the page says a reader takes. */
function listEntries(sources: ReadonlyMap<string, string>, page: string | undefined): string[] {
  const taken = new Set(page === undefined ? [] : listTakenWords(page));
  return [...sources.keys()].filter((name) => RUNS.test(name) || taken.has(name));
}

/** The words of the field `files`, without YAML, which would be the dearest part of a check. */
function listTakenWords(page: string): string[] {
  const range = findFrontmatter(page);
  const fields = range === undefined ? '' : page.slice(range.start, range.end);
  const [, field = ''] = /^files:(.*(?:\r?\n(?=[ \t-]).*)*)/m.exec(fields) ?? [];
  return field.match(/[\w./-]+/g) ?? [];
}

type Sealed = {
  tree: SourceTree;
  findLocked: FindLocked;
  folder: string;
  files: ReadonlySet<string>;
};

/**
 * The files of the example itself go by their names in it: a pattern can be moved. Of the files of
 * others the comments do not count: records name lines of the example's own files only.
 */
function sealKey({ tree, findLocked, folder, files }: Sealed): Key {
  const parts = new Map<string, string>();
  for (const path of files) {
    if (path.startsWith(`${folder}/`)) parts.set(path.slice(folder.length), tree.hash(path));
    else parts.set(path, tree.hashCode(path));
    for (const [name, content] of listLocked(path, tree, findLocked)) parts.set(name, content);
  }
  return { key: hashParts(parts), files };
}

/** The packages that a file imports, as the lock has them; what those depend on in turn is left out. */
function listLocked(path: string, tree: SourceTree, findLocked: FindLocked) {
  const specifiers = tree.refer(path)?.imports ?? [];
  const foreign = specifiers.filter((specifier) => tree.locate(specifier) === undefined);
  const found = listPackages(foreign).flatMap((name) => findLocked(posix.dirname(path), name));
  return found.map(
    ({ name, version, integrity }) => [`npm:${name}@${version}`, integrity] as const,
  );
}
