import type { SqlToken } from './scan-sql.ts';

/** What an operator sees: the tokens of a text, and the text to cut from. */
export type SqlText = { source: string; tokens: SqlToken[] };

/** A change that an operator proposes; one that Postgres cannot parse is left out later. */
export type SqlChange = { start: number; end: number; replacement: string; meaning: string };

/** One way to change SQL. */
export type SqlOperator = {
  name: string;
  description: string;
  mutate: (text: SqlText) => SqlChange[];
};

/** Tokens from one index up to another, the end excluded. */
export type Range = [from: number, to: number];

const CLAUSES = new Set([
  'group',
  'having',
  'order',
  'limit',
  'offset',
  'fetch',
  'for',
  'returning',
  'union',
  'intersect',
  'except',
  'window',
  'where',
  'do',
  'when',
  'then',
  'loop',
  'set',
  'from',
]);
const JOINS = new Set(['join', 'left', 'right', 'inner', 'full', 'cross', 'on', ',']);

/** Where the clause ends that begins at the index: at the next clause, parenthesis or semicolon. */
export function findClauseEnd(tokens: SqlToken[], from: number, { joins = false } = {}): number {
  const depth = tokens[from]?.depth ?? 0;
  let cases = 0;
  for (let index = from; index < tokens.length; index++) {
    const token = tokens[index];
    if (!token || token.depth < depth || (token.depth === depth && token.text === ';'))
      return index;
    if (token.depth > depth) continue;
    if (token.text === 'case') cases += 1;
    if (token.text === 'end') cases -= 1;
    if (cases > 0 || token.kind === 'string') continue;
    const isClause = CLAUSES.has(token.text) && !isDistinctFrom(tokens, index);
    if (isClause || (token.text === 'on' && tokens[index + 1]?.text === 'conflict')) return index;
    if (joins && index > from && JOINS.has(token.text)) return index;
  }
  return tokens.length;
}

/** `is distinct from` begins no clause. */
function isDistinctFrom(tokens: SqlToken[], index: number): boolean {
  return tokens[index]?.text === 'from' && tokens[index - 1]?.text === 'distinct';
}

/** The index of the parenthesis that closes the one at the index. */
export function findClose(tokens: SqlToken[], open: number): number {
  const depth = tokens[open]?.depth;
  const close = tokens.findIndex(
    (token, index) => index > open && token.text === ')' && token.depth === depth,
  );
  return close === -1 ? tokens.length : close;
}

/** Splits a range at tokens of its own depth. */
export function splitRange(
  tokens: SqlToken[],
  [from, to]: Range,
  at: (index: number) => boolean,
): Range[] {
  const depth = tokens[from]?.depth;
  const parts: Range[] = [];
  let start = from;
  for (let index = from; index < to; index++) {
    if (tokens[index]?.depth !== depth || !at(index)) continue;
    parts.push([start, index]);
    start = index + 1;
  }
  parts.push([start, to]);
  return parts.filter(([first, end]) => end > first);
}

/** The offsets of a range, from its first token to the end of its last. */
export function spanOf(tokens: SqlToken[], [from, to]: Range): { start: number; end: number } {
  return { start: tokens[from]?.start ?? 0, end: tokens[to - 1]?.end ?? 0 };
}

/** The source of a range. */
export function textOf({ source, tokens }: SqlText, range: Range): string {
  const { start, end } = spanOf(tokens, range);
  return source.slice(start, end);
}

/** Whether the words stand at the index, one after the other. */
export function hasWords(tokens: SqlToken[], index: number, words: string): boolean {
  return words.split(' ').every((word, offset) => tokens[index + offset]?.text === word);
}

/** The indexes at which the words stand. */
export function findWords({ tokens }: SqlText, words: string): number[] {
  return [...tokens.keys()].filter((index) => hasWords(tokens, index, words));
}

/** Whether the token at the index belongs to a `create policy`. */
export function isInPolicy(tokens: SqlToken[], index: number): boolean {
  const start = tokens.slice(0, index).findLastIndex(({ text }) => text === ';') + 1;
  return hasWords(tokens, start, 'create policy');
}

/** The change that leaves a range out. */
export function drop(text: SqlText, range: Range, what = textOf(text, range)): SqlChange {
  return { ...spanOf(text.tokens, range), replacement: '', meaning: `${quoteSql(what)} is gone` };
}

/** The change that leaves one of several items out, with its comma. */
export function dropItem(text: SqlText, items: Range[], index: number): SqlChange {
  const [from, to] = items[index] ?? [0, 0];
  const range: Range = index === items.length - 1 ? [from - 1, to] : [from, to + 1];
  return drop(text, range, textOf(text, [from, to]));
}

/** The changes that leave each of several items in a parenthesis out. */
export function shortenList(text: SqlText, open: number): SqlChange[] {
  const { tokens } = text;
  const inside: Range = [open + 1, findClose(tokens, open)];
  const items = splitRange(tokens, inside, (index) => tokens[index]?.text === ',');
  return items.length > 1 ? items.map((_, index) => dropItem(text, items, index)) : [];
}

/** The change that puts another text in the place of a range. */
export function replace(text: SqlText, range: Range, replacement: string): SqlChange {
  const meaning = `${quoteSql(textOf(text, range))} became ${quoteSql(replacement)}`;
  return { ...spanOf(text.tokens, range), replacement, meaning };
}

/** A piece of SQL on one line, shortened. */
export function quoteSql(sql: string): string {
  const line = sql.replace(/\s+/g, ' ').trim();
  return `\`${line.length > 60 ? `${line.slice(0, 57)}…` : line}\``;
}
