import { type Change, quote, replaceSpan } from '../typescript/operator.ts';
import type { Part } from './configuration.ts';
import type { QueryToken } from './read-query.ts';

/** Changes one token of a query, or what begins at it. */
export type MutateToken = (token: QueryToken, index: number, query: QueryToken[]) => Change[];

const LISTS = /^(by|without|on|ignoring)$/;

/** Drops one label of `by (a, b)`, and of `on (a, b)`. */
export const dropLabel: MutateToken = (token, index, query) => {
  if (!LISTS.test(token.text) || query[index + 1]?.text !== '(') return [];
  const end = query.findIndex(({ text }, place) => place > index && text === ')');
  const labels = query.slice(index + 2, end).filter(({ kind }) => kind === 'word');
  return labels.map((label, place) => {
    const meaning = `the label ${quote(label.text)} of ${quote(token.text)} is gone`;
    return dropListed(labels, place, meaning);
  });
};

const MATCHER = /[a-zA-Z_]\w*\s*(?:[=!]~|!?=)\s*(?:\\"[^"]*\\"|"(?:\\.|[^"\\])*"|'[^']*'|`[^`]*`)/g;

/** Drops one condition of `up{a="b", c="d"}`. */
export const dropMatcher: MutateToken = ({ kind, text, start }) => {
  if (kind !== 'matchers') return [];
  const matchers = [...text.matchAll(MATCHER)].map(({ 0: found, index }) => {
    return { text: found, start: start + index, end: start + index + found.length };
  });
  return matchers.map((matcher, index) => {
    return dropListed(matchers, index, `the condition ${quote(matcher.text)} is gone`);
  });
};

/** Takes one part out of a list, and the comma that parted it from its neighbour. */
function dropListed(parts: Part[], index: number, meaning: string): Change {
  const { start, end } = parts[index] as Part;
  const before = parts[index - 1];
  const next = parts[index + 1];
  if (next) return replaceSpan({ start, end: next.start }, '', meaning);
  return replaceSpan({ start: before?.end ?? start, end }, '', meaning);
}

const SET_OPERATORS = /^(and|unless|or)$/;

/** Drops what comes after `and`, `unless` or `or`. */
export const dropOperand: MutateToken = (token, index, query) => {
  const { kind, text, start } = token;
  if (kind !== 'word' || !SET_OPERATORS.test(text)) return [];
  const last = query[findOperandEnd(query, index) - 1] ?? token;
  return [replaceSpan({ start, end: last.end }, '', `the operand of \`${text}\` is gone`)];
};

/** `or` binds less than the two others. */
function findOperandEnd(query: QueryToken[], index: number): number {
  const ends = query[index]?.text === 'or' ? /^or$/ : SET_OPERATORS;
  let depth = 0;
  for (let place = index + 1; place < query.length; place += 1) {
    const { text } = query[place] as QueryToken;
    if (depth === 0 && (text === ')' || text === ',' || ends.test(text))) return place;
    if (text === '(') depth += 1;
    if (text === ')') depth -= 1;
  }
  return query.length;
}
