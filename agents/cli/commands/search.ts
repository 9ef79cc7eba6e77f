import { UsageError } from '../../../scripts/command-line/usage-error.ts';
import { createSearch, type Hit } from '../../library/search.ts';
import { type Command, readWord } from '../command.ts';
import { resolveArea } from '../resolve-ids.ts';
import { isTerminal, paint, wrap } from '../style.ts';

const MOST = 10;

export const search: Command = {
  usage: `touchstone search <words…> [--area <area>] [--limit 5] [--json]

Finds the pattern for a problem: by keywords, by a sentence, by a pasted error message.
Exit 1 when no pattern fits.

  touchstone search webhook signature idempotency
  touchstone search "customers get the same e-mail twice"
  touchstone search "canceling statement due to lock timeout"`,
  options: { area: { type: 'string' }, limit: { type: 'string' } },
  run({ library, words, flags }) {
    const query = words.join(' ');
    if (query.trim() === '')
      throw new UsageError('say what to search for: touchstone search <words>');
    const area = resolveArea(library, readWord(flags, 'area'));
    const limit = readLimit(readWord(flags, 'limit'));
    const { hits, nearest } = createSearch(library)(query, { area, limit });
    const data = { query, hits: hits.map(toData), nearest };
    if (hits.length > 0) return { code: 0, data, text: hits.map(writeHit).join('\n') };
    const near = nearest.length > 0 ? ` The nearest: ${nearest.join(', ')}.` : '';
    return { code: 1, data, text: `No pattern fits.${near}` };
  },
};

function readLimit(word: string | undefined): number {
  const limit = Number(word ?? 5);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MOST) return limit;
  throw new UsageError(`--limit is a whole number from 1 to ${MOST}`);
}

const toData = ({ pattern, symptom }: Hit) => {
  const { id, title, summary, tokens } = pattern;
  return { id, title, summary, symptom, tokens };
};

function writeHit({ pattern, symptom }: Hit): string {
  const { id, title, summary } = pattern;
  if (!isTerminal()) return `${id}\t${summary}`;
  return [
    `${paint('cyan', id)}  ${paint('bold', title)}`,
    wrap(summary, '  '),
    paint('dim', wrap(`when: ${symptom}`, '  ')),
    '',
  ].join('\n');
}
