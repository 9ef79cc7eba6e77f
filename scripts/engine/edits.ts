/** A stretch of the page that gets another text. */
export type Edit = { start: number; end: number; text: string };

/** The text with all edits made; they do not overlap. */
export function applyEdits(text: string, edits: Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of edits.sort((a, b) => a.start - b.start)) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

/** Whether the edit would change anything. */
export function changes(text: string, { start, end, text: wanted }: Edit): boolean {
  return end - start !== wanted.length || !text.startsWith(wanted, start);
}

/** The lines, each with the line ending that the page has just before `at`. */
export function joinLines(lines: string[], text: string, at: number): string {
  if (lines.length === 0) return '';
  const ending = text[at - 2] === '\r' ? '\r\n' : '\n';
  return lines.join(ending) + ending;
}

/** How many lines the page and the edit have in common before the first that differs. */
export function countCommonLines(text: string, { start, end, text: wanted }: Edit): number {
  const actual = text.slice(start, end).split('\n');
  const lines = wanted.split('\n');
  const index = lines.findIndex((line, at) => line !== actual[at]);
  return index === -1 ? lines.length - 1 : index;
}
