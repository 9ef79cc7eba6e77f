import { type Verification, verifyPatterns } from '../../project/verify.ts';
import type { Command } from '../command.ts';
import { resolveIds } from '../resolve-ids.ts';
import { paint } from '../style.ts';

export const verify: Command = {
  usage: `touchstone verify [<id…>] [--cwd <folder>] [--json]

Checks that what was copied is still intact: files, packages, required patterns, conflict markers.
It runs nothing. Exit 1 when something is wrong.

  touchstone verify
  touchstone verify background-jobs --json`,
  run({ library, openProject, words }) {
    const results = verifyPatterns(library, openProject(), resolveIds(library, words));
    const isWell = results.every(({ passed }) => passed);
    return { code: isWell ? 0 : 1, data: results, text: results.map(writeResult).join('\n') };
  },
};

function writeResult({ id, passed, issues, suggestions }: Verification): string {
  const head = passed ? `${paint('green', '✓')} ${id}` : `${paint('red', '✗')} ${id}`;
  return [
    head,
    ...issues.map((issue) => `  ${paint('red', issue)}`),
    ...suggestions.map((suggestion) => `  ${paint('dim', suggestion)}`),
  ].join('\n');
}
