/** A line of a diff: `-` before what is gone, `+` before what is new, a space before what stays. */
export type DiffLine = { mark: '-' | '+' | ' '; text: string };

/** Compares two texts that differ in one place; an empty text has no lines. */
export function diffLines(was: string, now: string): DiffLine[] {
  const before = splitLines(was);
  const after = splitLines(now);
  const top = countSame(before, after);
  const bottom = countSame(before.slice(top).reverse(), after.slice(top).reverse());
  return [
    ...mark(' ', before.slice(0, top)),
    ...mark('-', before.slice(top, before.length - bottom)),
    ...mark('+', after.slice(top, after.length - bottom)),
    ...mark(' ', before.slice(before.length - bottom)),
  ];
}

const splitLines = (text: string): string[] => (text === '' ? [] : text.split('\n'));

const mark = (sign: DiffLine['mark'], lines: string[]): DiffLine[] =>
  lines.map((text) => ({ mark: sign, text }));

/** How many lines at the start are the same. */
function countSame(before: string[], after: string[]): number {
  const first = before.findIndex((line, index) => line !== after[index]);
  return first === -1 ? before.length : first;
}
