import { type Command, readWord } from '../command.ts';
import { resolveArea } from '../resolve-ids.ts';
import { isTerminal, paint } from '../style.ts';

export const list: Command = {
  usage: `touchstone list [--area <area>] [--json]

Lists the patterns: id and title.

  touchstone list
  touchstone list --area jobs
  touchstone list --json | jq '.[].id'`,
  options: { area: { type: 'string' } },
  run({ library, flags }) {
    const area = resolveArea(library, readWord(flags, 'area'));
    const patterns = library.patterns.filter((one) => area === undefined || one.area === area);
    const width = Math.max(...patterns.map(({ id }) => id.length));
    const lines = patterns.map(({ id, title }) =>
      isTerminal() ? `${paint('cyan', id.padEnd(width))}  ${title}` : `${id}\t${title}`,
    );
    return { code: 0, data: patterns, text: lines.join('\n') };
  },
};
