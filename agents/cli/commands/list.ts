import { isTerminal, paint } from '../../../scripts/command-line/paint.ts';
import { readWord } from '../../../scripts/command-line/run-command.ts';
import type { CliInput, CommandResult } from '../command.ts';
import { resolveArea } from '../resolve-pattern-ids.ts';

/** Lists the patterns, of one area or of all. */
export function list({ library, values }: CliInput): CommandResult {
  const area = resolveArea(library, readWord(values, 'area'));
  const patterns = library.patterns.filter((one) => area === undefined || one.area === area);
  const width = Math.max(...patterns.map(({ id }) => id.length));
  const lines = patterns.map(({ id, title }) =>
    isTerminal() ? `${paint('cyan', id.padEnd(width))}  ${title}` : `${id}\t${title}`,
  );
  return { code: 0, data: patterns, text: lines.join('\n') };
}
