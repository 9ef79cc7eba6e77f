import { paint } from '../../../scripts/paint.ts';
import { listTaken, type TakenState } from '../../project/taken-files.ts';
import { writeDiff } from '../../project/write-diff.ts';
import type { CliInput, CommandResult } from '../command.ts';
import { resolveIds } from '../resolve-ids.ts';

/** Compares the copied files with how they were copied, or with the library. */
export function diff({ library, openProject, words, values }: CliInput): CommandResult {
  const taken = listTaken(library, openProject(), resolveIds(library, words));
  const compare = values.new === true ? compareNew : compareMine;
  const files = taken
    .map((file) => ({ pattern: file.pattern, path: file.path, diff: compare(file) }))
    .filter(({ diff }) => diff !== '');
  const text = files.map(({ diff }) => colour(diff)).join('\n');
  return { code: files.length > 0 ? 1 : 0, data: files, text };
}

const compareMine = ({ path, original, mine = '' }: TakenState): string =>
  writeDiff(original, mine, { before: `${path} (taken)`, after: path });

const compareNew = ({ path, original, theirs = original }: TakenState): string =>
  writeDiff(original, theirs, { before: `${path} (taken)`, after: `${path} (new)` });

const colour = (text: string): string =>
  text
    .replace(/^\+.*$/gm, (line) => paint('green', line))
    .replace(/^-.*$/gm, (line) => paint('red', line));
