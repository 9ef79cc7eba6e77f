import { paint } from '../../../scripts/command-line/paint.ts';
import { type Verification, verifyPatterns } from '../../project/verify.ts';
import type { CliInput, CommandResult } from '../command.ts';
import { resolvePatternIds } from '../resolve-pattern-ids.ts';

/** Checks the copied files of patterns. */
export function verify({ library, openProject, words }: CliInput): CommandResult {
  const results = verifyPatterns(library, openProject(), resolvePatternIds(library, words));
  const isWell = results.every(({ passed }) => passed);
  return { code: isWell ? 0 : 1, data: results, text: results.map(writeResult).join('\n') };
}

function writeResult({ id, passed, issues, suggestions }: Verification): string {
  const head = passed ? `${paint('green', '✓')} ${id}` : `${paint('red', '✗')} ${id}`;
  return [
    head,
    ...issues.map((issue) => `  ${paint('red', issue)}`),
    ...suggestions.map((suggestion) => `  ${paint('dim', suggestion)}`),
  ].join('\n');
}
