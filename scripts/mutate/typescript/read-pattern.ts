/** One part of a regular expression, and where it is in the pattern. */
export type PatternPart = { kind: PartKind; text: string; start: number; end: number };

type PartKind = 'anchor' | 'quantifier' | 'class' | 'bar' | 'open' | 'close' | 'other';

const PARTS: readonly [PartKind, RegExp][] = [
  ['anchor', /\\[bB]|[\^$]/y],
  ['other', /\\(?:u\{[^}]*\}|[\s\S])/y],
  ['class', /\[\^?(?:\\[\s\S]|[^\]\\])*\]/y],
  ['quantifier', /(?:[*+?]|\{\d+(?:,\d*)?\})\??/y],
  ['open', /\((?:\?(?:<?[=!]|<[^>]*>|[a-z-]*:))?/y],
  ['close', /\)/y],
  ['bar', /\|/y],
  ['other', /[\s\S]/y],
];

/** Parts a pattern into its anchors, classes, quantifiers, groups and the rest. */
export function readPattern(pattern: string): PatternPart[] {
  const parts: PatternPart[] = [];
  let start = 0;
  while (start < pattern.length) {
    const part = readPart(pattern, start);
    parts.push(part);
    start = part.end;
  }
  return parts;
}

function readPart(pattern: string, start: number): PatternPart {
  for (const [kind, form] of PARTS) {
    form.lastIndex = start;
    const text = form.exec(pattern)?.[0];
    if (text !== undefined) return { kind, text, start, end: start + text.length };
  }
  throw new RangeError(`no character at ${start} of the pattern ${pattern}`);
}

/** The members of a class: `a-z`, `\d` and `_` of `[a-z\d_]`. */
export function readMembers(text: string): { text: string; start: number; end: number }[] {
  const member = /(?:\\(?:[pPu]\{[^}]*\}|[\s\S])|[^\]\\])(?:-(?:\\[\s\S]|[^\]\\]))?/gy;
  member.lastIndex = text.startsWith('[^') ? 2 : 1;
  const members = [];
  const inner = text.slice(0, -1);
  for (let found = member.exec(inner); found !== null; found = member.exec(inner)) {
    members.push({ text: found[0], start: found.index, end: member.lastIndex });
  }
  return members;
}
