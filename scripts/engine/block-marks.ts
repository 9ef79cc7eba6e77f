import {
  type Cursor,
  countAhead,
  indentAhead,
  isBlankAhead,
  skipCharacters,
  skipColumns,
  skipIndent,
} from './cursor.ts';

/** A block that holds others: a quote, or an item that its lines are indented by. */
export type Container = { kind: 'quote' } | { kind: 'item'; indent: number; empty: boolean };

/** Moves over the `>` of a quote and one space behind it; false when there is none. */
export function skipQuoteMark(cursor: Cursor): boolean {
  if (indentAhead(cursor) > 3) return false;
  const ahead = { ...cursor };
  skipIndent(ahead);
  if (ahead.text[ahead.at] !== '>' || ahead.at >= ahead.end) return false;
  skipCharacters(ahead, 1);
  if (indentAhead(ahead) > 0) skipColumns(ahead, 1);
  Object.assign(cursor, ahead);
  return true;
}

/** Moves over the mark of a list item; undefined when none begins here. */
export function readItem(cursor: Cursor, interrupts: boolean): Container | undefined {
  const ahead = { ...cursor };
  const before = indentAhead(ahead);
  skipIndent(ahead);
  if (isRule(ahead)) return undefined;
  const width = measureItemMark(ahead, interrupts);
  if (width === 0) return undefined;
  skipCharacters(ahead, width);
  const blank = isBlankAhead(ahead);
  const gap = indentAhead(ahead);
  if ((!blank && gap === 0) || (blank && interrupts)) return undefined;
  // Five columns or more are one, and then indented code (CommonMark 5.2, rule 2).
  const padding = blank || gap > 4 ? 1 : gap;
  skipColumns(ahead, padding);
  Object.assign(cursor, ahead);
  return { kind: 'item', indent: before + width + padding, empty: blank };
}

/** The length of `-`, `*`, `+`, `1.` or `1)`; 0 for none. Only 1 may interrupt a paragraph. */
function measureItemMark({ text, at, end }: Cursor, interrupts: boolean): number {
  const first = text[at] ?? '';
  if (at < end && '-*+'.includes(first)) return 1;
  let stop = at;
  while (stop < end && stop - at < 10 && isDigit(text.charCodeAt(stop))) stop++;
  const digits = stop - at;
  if (digits === 0 || digits > 9 || stop >= end || !'.)'.includes(text[stop] ?? '')) return 0;
  return interrupts && text.slice(at, stop) !== '1' ? 0 : digits + 1;
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** A thematic break: three or more of one mark and nothing else. */
export function isRule({ text, at, end }: Cursor): boolean {
  const mark = text[at] ?? '';
  if (at >= end || !'-*_'.includes(mark)) return false;
  let count = 0;
  for (let index = at; index < end; index++) {
    const character = text[index];
    if (character === mark) count++;
    else if (character !== ' ' && character !== '\t') return false;
  }
  return count >= 3;
}

/** The line under a heading that makes it one. */
export function isUnderline(cursor: Cursor): boolean {
  const { text, at } = cursor;
  const mark = text[at] ?? '';
  if (mark !== '=' && mark !== '-') return false;
  const length = countAhead(cursor, mark);
  return isBlankAhead({ ...cursor, at: at + length });
}
