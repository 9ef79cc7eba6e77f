import { posix } from 'node:path';
import { examplePath, findPatternFile } from './ids.ts';
import { readReferences } from './read-references.ts';

/** A place in a file of one example that names a file of another, or another example as a package. */
export type ForeignReference = {
  /** The file that names it, in its own example, and the words it uses. */
  path: string;
  word: string;
  line: number;
  column: number;
  /** The other pattern, and the file in its example; undefined when a package is named. */
  target: { id: string; path: string } | undefined;
  /** Whether it is imported, and not only named in a string. */
  isImport: boolean;
};

const OTHER_PACKAGE = /^@touchstone\/(?!kit(?:\/|$))/;

/** What the files of an example import and name of other examples, in their order. */
export function listForeign(
  id: string,
  sources: ReadonlyMap<string, string>,
  paths: Iterable<string> = sources.keys(),
): ForeignReference[] {
  return [...paths].flatMap((path) => {
    const text = sources.get(path) ?? '';
    const { imports, names } = readReferences(path, text);
    const imported = imports.map((word) => ({ word, isImport: true }));
    const named = names.map((word) => ({ word, isImport: false }));
    return [...imported, ...named].flatMap(({ word, isImport }) => {
      const target = resolveForeign(id, path, word);
      const isPackage = isImport && OTHER_PACKAGE.test(word);
      if (target === undefined && !isPackage) return [];
      return [{ path, word, ...findWord(text, word), target, isImport }];
    });
  });
}

/** The file of another example that a word in a file of this one leads to. */
export function resolveForeign(
  id: string,
  path: string,
  word: string,
): { id: string; path: string } | undefined {
  if (!word.startsWith('../')) return undefined;
  const file = posix.join(examplePath(id), posix.dirname(path), word);
  const { id: other, file: inner } = findPatternFile(file) ?? {};
  if (other === undefined || inner === undefined || other === id) return undefined;
  return { id: other, path: inner };
}

function findWord(text: string, word: string): { line: number; column: number } {
  const found = ["'", '"', '`'].map((mark) => text.indexOf(mark + word + mark));
  const at = Math.max(0, Math.min(...found.filter((offset) => offset >= 0)));
  const before = text.slice(0, Number.isFinite(at) ? at : 0);
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}
