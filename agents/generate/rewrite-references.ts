import ts from 'typescript';
import { applyEdits, type Edit } from '../../scripts/engine/edits.ts';

/** A word of a file that leads to another: what it imports, the address of a file, or a path that goes up. */
export type FileReference = { word: string; kind: 'import' | 'url' | 'path' };

type Found = FileReference & { start: number };

const URLS = /(?<=new URL\(\s*['"])[^'"\n]+(?=['"])/g;
const PATHS = /(?<=(['"`]))\.\.\/[^'"`\n]+(?=\1)/g;

/** The text of a TypeScript file with other words for what it refers to; undefined leaves one as it is. */
export function rewriteReferences(
  text: string,
  rewrite: (reference: FileReference) => string | undefined,
): string {
  const found = new Map<number, Found>();
  const all = [
    ...findAll(text, PATHS, 'path'),
    ...findAll(text, URLS, 'url'),
    ...findImports(text),
  ];
  for (const one of all) found.set(one.start, one);
  const edits = [...found.values()].flatMap(({ start, word, kind }): Edit[] => {
    const wanted = rewrite({ word, kind });
    return wanted === undefined ? [] : [{ start, end: start + word.length, text: wanted }];
  });
  return applyEdits(text, edits);
}

/** TypeScript gives the place of the quote. */
const findImports = (text: string): Found[] =>
  ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName, pos }) => ({ word: fileName, kind: 'import', start: pos + 1 }));

const findAll = (text: string, pattern: RegExp, kind: FileReference['kind']): Found[] =>
  [...text.matchAll(pattern)].map(({ 0: word, index }) => ({ word, kind, start: index }));
