import { diffIndices } from 'node-diff3';

const CONTEXT = 3;

/** The difference of two texts as a unified diff; empty when there is none. */
export function writeDiff(before: string, after: string, names: { before: string; after: string }) {
  const [old, young] = [splitLines(before), splitLines(after)];
  const changes = diffIndices(old, young).map(({ buffer1, buffer2 }) => ({
    from: buffer1[0],
    removed: buffer1[1],
    to: buffer2[0],
    added: buffer2[1],
  }));
  if (changes.length === 0) return '';
  const hunks = groupNear(changes).map((group) => writeHunk(group, old, young));
  return [`--- ${names.before}`, `+++ ${names.after}`, ...hunks.flat(), ''].join('\n');
}

/** A last line without its end is another line, and says so as diff does. */
function splitLines(text: string): string[] {
  if (text === '') return [];
  if (text.endsWith('\n')) return text.slice(0, -1).split('\n');
  return `${text}\n\\ No newline at end of file`.split(/\n(?!\\ No newline)/);
}

type Change = { from: number; removed: number; to: number; added: number };

/** Changes whose context would touch share a hunk. */
function groupNear(changes: Change[]): Change[][] {
  const groups: Change[][] = [];
  for (const change of changes) {
    const last = groups.at(-1)?.at(-1);
    if (last && change.from - (last.from + last.removed) <= 2 * CONTEXT)
      groups.at(-1)?.push(change);
    else groups.push([change]);
  }
  return groups;
}

function writeHunk(group: Change[], old: string[], young: string[]): string[] {
  const [first, last] = [group[0] as Change, group.at(-1) as Change];
  const start = Math.max(first.from - CONTEXT, 0);
  const end = Math.min(last.from + last.removed + CONTEXT, old.length);
  const lines: string[] = [];
  let at = start;
  for (const { from, removed, to, added } of group) {
    lines.push(...old.slice(at, from).map((line) => ` ${line}`));
    lines.push(...old.slice(from, from + removed).map((line) => `-${line}`));
    lines.push(...young.slice(to, to + added).map((line) => `+${line}`));
    at = from + removed;
  }
  lines.push(...old.slice(at, end).map((line) => ` ${line}`));
  const grown = group.reduce((sum, { removed, added }) => sum + added - removed, 0);
  const youngStart = first.to - (first.from - start);
  const length = end - start;
  const [oldHead, youngHead] = [place(start, length), place(youngStart, length + grown)];
  return [`@@ -${oldHead} +${youngHead} @@`, ...lines];
}

/** A stretch of no lines is named by the line before it. */
const place = (start: number, length: number): string =>
  `${length === 0 ? start : start + 1},${length}`;
