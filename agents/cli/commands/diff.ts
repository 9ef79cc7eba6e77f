import { paint } from '../../../scripts/command-line/paint.ts';
import { type CopiedState, listCopied } from '../../project/copied-files.ts';
import { writeDiff } from '../../project/write-diff.ts';
import type { CliInput, CommandResult } from '../command.ts';
import { resolvePatternIds } from '../resolve-pattern-ids.ts';

/** Compares the copied files with how they were copied, or with the library. */
export function diff({ library, openProject, words, values }: CliInput): CommandResult {
  const copies = listCopied(library, openProject(), resolvePatternIds(library, words));
  const compare = values.new === true ? compareNew : compareMine;
  const files = copies
    .map((file) => ({ pattern: file.pattern, path: file.path, diff: compare(file) }))
    .filter(({ diff }) => diff !== '');
  const text = files.map(({ diff }) => colour(diff)).join('\n');
  return { code: files.length > 0 ? 1 : 0, data: files, text };
}

const compareMine = ({ path, original, mine = '' }: CopiedState): string =>
  writeDiff(original, mine, { before: `${path} (as copied)`, after: path });

const compareNew = ({ path, original, theirs = original }: CopiedState): string =>
  writeDiff(original, theirs, { before: `${path} (as copied)`, after: `${path} (new)` });

const colour = (text: string): string =>
  text
    .replace(/^\+.*$/gm, (line) => paint('green', line))
    .replace(/^-.*$/gm, (line) => paint('red', line));
