import { isTerminal, paint } from '../../../scripts/command-line/paint.ts';
import { readWord } from '../../../scripts/command-line/run-command.ts';
import { UsageError } from '../../../scripts/command-line/usage-error.ts';
import { createSearch, type Hit } from '../../library/search.ts';
import type { CliInput, CommandResult } from '../command.ts';
import { resolveArea } from '../resolve-pattern-ids.ts';
import { wrap } from '../wrap.ts';

const MOST = 10;

/** Searches the library. */
export function search({ library, words, values }: CliInput): CommandResult {
  const query = words.join(' ');
  if (query.trim() === '')
    throw new UsageError('name what to search for: touchstone search <words>');
  const area = resolveArea(library, readWord(values, 'area'));
  const limit = readLimit(readWord(values, 'limit'));
  const { hits, nearest, planned } = createSearch(library)(query, { area, limit });
  const data = { query, hits: hits.map(toData), nearest, planned: planned?.id };
  const plan = planned ? [`Planned, not written: ${planned.title} (${planned.id})`] : [];
  if (hits.length > 0) return { code: 0, data, text: [...hits.map(writeHit), ...plan].join('\n') };
  const near = nearest.length > 0 ? [`The nearest: ${nearest.join(', ')}`] : [];
  return { code: 1, data, text: ['No pattern fits.', ...plan, ...near].join('\n') };
}

function readLimit(word: string | undefined): number {
  const limit = Number(word ?? 5);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MOST) return limit;
  throw new UsageError(`--limit must be a whole number from 1 to ${MOST}`);
}

const toData = ({ pattern, symptom, answer }: Hit) => {
  const { id, title, summary, tokens } = pattern;
  return { id, title, summary, symptom, answer, tokens };
};

function writeHit({ pattern, symptom, answer }: Hit): string {
  const { id, title, summary } = pattern;
  const said = symptom === undefined ? [] : [`${symptom} → ${answer}`];
  if (!isTerminal()) return [id, summary, ...said].join('\t');
  return [
    `${paint('cyan', id)}  ${paint('bold', title)}`,
    wrap(summary, '  '),
    ...said.map((text) => wrap(text, '  ')),
    '',
  ].join('\n');
}
