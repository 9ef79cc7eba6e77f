import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { type References, readReferences } from './read-references.ts';

/** Where files are found while they are followed. */
export type FileTree = {
  /** What a file refers to; undefined when there is no such file. */
  refer: (path: string) => References | undefined;
  /** All files in a folder, at any depth; none when there is no such folder. */
  list: (folder: string) => readonly string[];
  /** The file of this repository that a specifier such as `@touchstone/kit/time/clock` names. */
  locate: (specifier: string) => string | undefined;
};

/** The files reached from some files: what they import, and the files and folders that they name in a string. */
export function followFiles(tree: FileTree, entries: Iterable<string>): Set<string> {
  const reached = new Set<string>();
  for (const entry of entries) visit(entry);
  return reached;

  function visit(path: string): void {
    if (reached.has(path)) return;
    const references = tree.refer(path);
    if (references === undefined) return;
    reached.add(path);
    for (const next of resolveAll(tree, path, references)) visit(next);
  }
}

const PLAIN_NAME = /^[\w-][\w.-]*$/;

function* resolveAll(tree: FileTree, path: string, { imports, names }: References) {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  // Most strings are plain words, and there are many.
  const beside = (name: string) =>
    PLAIN_NAME.test(name) ? folder + name : posix.join(folder, name);
  for (const specifier of imports) {
    const file = /^\.{1,2}\//.test(specifier) ? beside(specifier) : tree.locate(specifier);
    if (file !== undefined) yield file;
  }
  for (const name of names) {
    const place = beside(name);
    yield place;
    yield* tree.list(place.replace(/\/$/, ''));
  }
}

/** The files of one example that some of them reach; a folder that is named brings its files only with `folders`. */
export function followImports(
  sources: ReadonlyMap<string, string>,
  entries: Iterable<string>,
  { folders = false } = {},
): Set<string> {
  const listFolder = (folder: string) =>
    [...sources.keys()].filter((path) => path.startsWith(`${folder}/`));
  const tree = {
    refer: (path: string) => {
      const text = sources.get(path);
      return text === undefined ? undefined : readReferences(path, text);
    },
    list: (folder: string) => (folders ? listFolder(folder) : []),
    locate: () => undefined,
  };
  return followFiles(tree, entries);
}

/** The packages among specifiers: `@scope/name`, `name`; files and Node's own modules are left out. */
export function listPackages(specifiers: Iterable<string>): string[] {
  const names = [...specifiers]
    .filter((specifier) => !/^[./#]/.test(specifier) && !isBuiltin(specifier))
    .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
  return [...new Set(names)];
}
