import type { SqlToken } from './scan-sql.ts';
import { findClauseEnd, findClose, isInPolicy, type Range, type SqlText } from './statement.ts';

const BRANCHES = ['if', 'elsif', 'while', 'when'];
/** What an expression never goes beyond, at its own depth. */
const BORDERS = new Set([
  ',',
  ';',
  'select',
  'distinct',
  'where',
  'having',
  'on',
  'as',
  'when',
  'then',
  'else',
  'end',
  'by',
  'return',
  'returning',
  ':=',
  'loop',
  'if',
  'elsif',
  'while',
]);

/** The ranges of tokens that are conditions. */
export function listConditions({ tokens }: SqlText): Range[] {
  const ranges = tokens.flatMap(({ text, kind }, index): Range[] => {
    if (kind !== 'word') return [];
    const next = index + 1;
    if (text === 'where' || text === 'having') return [[next, findClauseEnd(tokens, next)]];
    if (BRANCHES.includes(text)) return listBranches(tokens, index);
    if (text === 'on' && isJoin(tokens, index))
      return [[next, findClauseEnd(tokens, next, { joins: true })]];
    // `join … using (id)` and `create index … using gin (x)` name columns.
    const isRule = text === 'check' || (text === 'using' && isInPolicy(tokens, index));
    if (isRule && tokens[next]?.text === '(') return [[next + 1, findClose(tokens, next)]];
    return [];
  });
  return [...ranges, ...listChains(tokens)];
}

/** What `and` and `or` join elsewhere, such as in `select a and b`, from the first operand to the last. */
function listChains(tokens: SqlToken[]): Range[] {
  return tokens.flatMap(({ text, depth }, index): Range[] => {
    if ((text !== 'and' && text !== 'or') || isBetween(tokens, index)) return [];
    const from = tokens.findLastIndex(
      (token, at) => at < index && (token.depth < depth || isBorder(token, depth)),
    );
    const to = tokens.findIndex(
      (token, at) => at > index && (token.depth < depth || isBorder(token, depth)),
    );
    return [[from + 1, Math.min(to < 0 ? tokens.length : to, findClauseEnd(tokens, index))]];
  });
}

/** A parenthesis has the depth of what is around it. */
function isBorder(token: SqlToken, depth: number): boolean {
  return token.depth === depth && BORDERS.has(token.text);
}

/** `if … then`, `case when … then`, `while … loop`; `when (…)` of a trigger, `exit when …;`. */
function listBranches(tokens: SqlToken[], index: number): Range[] {
  const next = index + 1;
  const end = findClauseEnd(tokens, next);
  const isExit = ['exit', 'continue'].includes(tokens[index - 1]?.text ?? '');
  if (isExit || ['then', 'loop'].includes(tokens[end]?.text ?? '')) return [[next, end]];
  return tokens[next]?.text === '(' ? [[next + 1, findClose(tokens, next)]] : [];
}

function isJoin(tokens: SqlToken[], index: number): boolean {
  const { depth = 0 } = tokens[index] ?? {};
  const before = tokens
    .slice(0, index)
    .findLast(
      (token) =>
        token.depth === depth && ['join', 'on', ';', 'where', 'create'].includes(token.text),
    );
  return before?.text === 'join';
}

/** Whether an `and` belongs to `between`. */
export function isBetween(tokens: SqlToken[], index: number): boolean {
  const { depth } = tokens[index] ?? {};
  const before = tokens
    .slice(0, index)
    .findLast(
      (token) => token.depth === depth && ['and', 'or', 'between', 'where'].includes(token.text),
    );
  return before?.text === 'between';
}
