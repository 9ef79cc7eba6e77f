import { listSqlStatements } from './definitions.ts';
import { drop, type Range, type SqlOperator, type SqlText } from './statement.ts';

/** What may come before a statement, up to which the semicolon of the last one does not reach. */
const HEADS = new Set(['begin', 'then', 'else', 'loop']);
const STEPS = new Set(['raise', 'perform', 'insert', 'update', 'delete', 'execute', 'call']);
/** `raise notice` and the like only write to the log. */
const REPORTS = new Set(['debug', 'log', 'info', 'notice', 'warning']);

/** Changes to the body of a function alone. */
export const PROCEDURES: SqlOperator[] = [
  {
    name: 'sql-step-dropped',
    description: 'a function raises, writes or assigns something less',
    mutate: (text) =>
      listSqlStatements(text)
        .map((range) => skipHeads(text, range))
        .filter((range) => isStep(text, range))
        .map(([from, to]) => ({
          ...drop(text, [from, to + 1]),
          meaning: drop(text, [from, to]).meaning,
        })),
  },
];

function skipHeads({ tokens }: SqlText, [from, to]: Range): Range {
  const depth = tokens[from]?.depth;
  const head = tokens.findLastIndex(
    (token, index) => index >= from && index < to && token.depth === depth && HEADS.has(token.text),
  );
  return [head < 0 ? from : head + 1, to];
}

function isStep({ tokens }: SqlText, [from, to]: Range): boolean {
  const [first, second] = [tokens[from]?.text ?? '', tokens[from + 1]?.text ?? ''];
  if (STEPS.has(first)) return !REPORTS.has(second);
  const sign = second === '.' ? tokens[from + 3] : tokens[from + 1];
  return to > from && (sign?.text === ':=' || sign?.text === '=');
}
