/** A place in one line that counts columns as CommonMark does: a tab reaches to the next stop of 4. */
export type Cursor = { text: string; at: number; end: number; column: number };

const SPACE = 32;
const TAB = 9;

/** The columns of white space ahead. */
export function indentAhead(cursor: Cursor): number {
  let { at, column } = cursor;
  for (; at < cursor.end; at++) {
    const code = cursor.text.charCodeAt(at);
    if (code === SPACE) column++;
    else if (code === TAB) column += 4 - (column % 4);
    else break;
  }
  return column - cursor.column;
}

/** Moves over that many columns of white space; a tab may be left in its middle. */
export function skipColumns(cursor: Cursor, columns: number): void {
  let left = columns;
  while (left > 0 && cursor.at < cursor.end) {
    const width = cursor.text.charCodeAt(cursor.at) === TAB ? 4 - (cursor.column % 4) : 1;
    cursor.column += Math.min(width, left);
    if (width <= left) cursor.at++;
    left -= width;
  }
}

/** Moves over that many characters, none of them a tab. */
export function skipCharacters(cursor: Cursor, count: number): void {
  cursor.at += count;
  cursor.column += count;
}

/** Moves over all white space ahead. */
export function skipIndent(cursor: Cursor): void {
  skipColumns(cursor, indentAhead(cursor));
}

/** Whether nothing but white space is ahead. */
export function isBlankAhead({ text, at, end }: Cursor): boolean {
  for (let index = at; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code !== SPACE && code !== TAB) return false;
  }
  return true;
}

/** How often the character stands ahead in a row. */
export function countAhead({ text, at, end }: Cursor, character: string): number {
  let index = at;
  while (index < end && text[index] === character) index++;
  return index - at;
}
