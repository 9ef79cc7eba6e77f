import { listTaken, type TakenState } from '../../project/taken-files.ts';
import { writeDiff } from '../../project/write-diff.ts';
import type { Command } from '../command.ts';
import { resolveIds } from '../resolve-ids.ts';
import { paint } from '../style.ts';

export const diff: Command = {
  usage: `touchstone diff [<id…>] [--new] [--cwd <folder>] [--json]

Shows what you changed since you took a pattern; with --new, what the library has changed since.
Exit 1 when there is a difference.

  touchstone diff
  touchstone diff background-jobs --new`,
  options: { new: { type: 'boolean' } },
  run({ library, openProject, words, flags }) {
    const taken = listTaken(library, openProject(), resolveIds(library, words));
    const compare = flags.new === true ? compareNew : compareMine;
    const files = taken
      .map((file) => ({ pattern: file.pattern, path: file.path, diff: compare(file) }))
      .filter(({ diff }) => diff !== '');
    const text = files.map(({ diff }) => colour(diff)).join('\n');
    return { code: files.length > 0 ? 1 : 0, data: files, text };
  },
};

const compareMine = ({ path, original, mine = '' }: TakenState): string =>
  writeDiff(original, mine, { before: `${path} (taken)`, after: path });

const compareNew = ({ path, original, theirs = original }: TakenState): string =>
  writeDiff(original, theirs, { before: `${path} (taken)`, after: `${path} (new)` });

const colour = (text: string): string =>
  text
    .replace(/^\+.*$/gm, (line) => paint('green', line))
    .replace(/^-.*$/gm, (line) => paint('red', line));
