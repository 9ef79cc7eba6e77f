import ts from 'typescript';
import { type Change, describeReplacement, type Operator, quote, replaceSpan } from './operator.ts';
import { type PatternPart, readMembers, readPattern } from './read-pattern.ts';

/** A span of the pattern with the text that takes its place. */
type Edit = { start: number; end: number; replacement: string; meaning: string };

type EditPart = (part: PatternPart, index: number, parts: PatternPart[]) => Edit[];

/** Makes an operator of a function that edits one part of a pattern. */
function forEachPart(editPart: EditPart): (node: ts.Node) => Change[] {
  return (node) => {
    if (!ts.isRegularExpressionLiteral(node)) return [];
    const { pattern, flags } = split(node.text);
    return readPattern(pattern)
      .flatMap(editPart)
      .filter((edit) => isRegExp(apply(pattern, edit), flags))
      .map((edit) => place(node, edit));
  };
}

function split(literal: string): { pattern: string; flags: string } {
  const end = literal.lastIndexOf('/');
  return { pattern: literal.slice(1, end), flags: literal.slice(end + 1) };
}

function apply(pattern: string, { start, end, replacement }: Edit): string {
  return pattern.slice(0, start) + replacement + pattern.slice(end);
}

/** An empty pattern would begin a comment: `//`. */
function isRegExp(pattern: string, flags: string): boolean {
  try {
    new RegExp(pattern, flags);
    return pattern !== '' && !/^[*/]/.test(pattern);
  } catch {
    return false;
  }
}

function place(node: ts.Node, { start, end, replacement, meaning }: Edit): Change {
  const first = node.getStart() + 1;
  return replaceSpan({ start: first + start, end: first + end }, replacement, meaning);
}

function edit({ start, end, text }: PatternPart, replacement: string): Edit {
  const meaning =
    replacement === '' ? `${quote(text)} is gone` : describeReplacement(text, replacement);
  return { start, end, replacement, meaning };
}

const dropAnchor: EditPart = (part) => (part.kind === 'anchor' ? [edit(part, '')] : []);

const changeQuantifier: EditPart = (part) => {
  if (part.kind !== 'quantifier') return [];
  return listQuantifiers(part.text).map((text) => edit(part, text));
};

function listQuantifiers(text: string): string[] {
  if (text.startsWith('+')) return [text.replace('+', '*')];
  if (text.startsWith('*')) return [text.replace('*', '+')];
  if (text.startsWith('?')) return [''];
  const [, least = '', comma = '', most = ''] = /^\{(\d+)(,?)(\d*)\}/.exec(text) ?? [];
  if (comma === '') return [`{${least},}`];
  if (most === '') return [`{${Number(least) + 1},}`];
  const wider = `{${least},${Number(most) + 1}}`;
  return least === '0' ? [wider] : [wider, `{${Number(least) - 1},${most}}`];
}

const changeClass: EditPart = (part) => {
  if (part.kind !== 'class') return [];
  const members = readMembers(part.text);
  const isNegative = part.text.startsWith('[^');
  const positive = isNegative ? [edit(part, part.text.replace('^', ''))] : [];
  return [...positive, ...(members.length > 1 ? dropMembers(part, members) : [])];
};

function dropMembers(part: PatternPart, members: ReturnType<typeof readMembers>): Edit[] {
  return members.map(({ text, start, end }) => {
    const meaning = `${quote(text)} of ${quote(part.text)} is gone`;
    return { start: part.start + start, end: part.start + end, replacement: '', meaning };
  });
}

const dropBranch: EditPart = (part, index, parts) => {
  if (part.kind !== 'bar') return [];
  const end = findEnd(parts, index);
  const after = {
    ...part,
    end,
    text: parts
      .slice(index)
      .map(toText)
      .join('')
      .slice(0, end - part.start),
  };
  const start = findStart(parts, index);
  if (start === undefined) return [edit(after, '')];
  const text = parts.map(toText).join('').slice(start, part.end);
  return [edit({ ...part, start, text }, ''), edit(after, '')];
};

const toText = ({ text }: PatternPart): string => text;

/** Where the branch after a bar ends. */
function findEnd(parts: PatternPart[], index: number): number {
  let depth = 0;
  for (const { kind, start } of parts.slice(index + 1)) {
    if (depth === 0 && (kind === 'bar' || kind === 'close')) return start;
    if (kind === 'open') depth += 1;
    if (kind === 'close') depth -= 1;
  }
  return parts.at(-1)?.end ?? 0;
}

/** Where the branch before a bar starts; undefined when another bar has it already. */
function findStart(parts: PatternPart[], index: number): number | undefined {
  let depth = 0;
  for (const { kind, end } of parts.slice(0, index).toReversed()) {
    if (depth === 0 && kind === 'bar') return undefined;
    if (depth === 0 && kind === 'open') return end;
    if (kind === 'close') depth += 1;
    if (kind === 'open') depth -= 1;
  }
  return 0;
}

const turnLookaround: EditPart = (part) => {
  const [, start, sign] = /^(\(\?<?)([=!])$/.exec(part.text) ?? [];
  return part.kind === 'open' && sign ? [edit(part, `${start}${sign === '=' ? '!' : '='}`)] : [];
};

/** Without `u` and `v` another language is read; without `g` and `y` another method is needed. */
function dropFlag(node: ts.Node): Change[] {
  if (!ts.isRegularExpressionLiteral(node)) return [];
  const { pattern, flags } = split(node.text);
  const start = node.getStart() + pattern.length + 2;
  return [...flags].flatMap((flag, index) => {
    if (!'gimsy'.includes(flag)) return [];
    const span = { start: start + index, end: start + index + 1 };
    return [replaceSpan(span, '', `the flag ${quote(flag)} is gone`)];
  });
}

/** Operators that make a regular expression take more, or less. */
export const REGULAR_EXPRESSIONS: Operator[] = [
  {
    name: 'anchor-dropped',
    description: '`^`, `$` or `\\b` is gone',
    family: 'regular expressions',
    mutate: forEachPart(dropAnchor),
  },
  {
    name: 'quantifier-changed',
    description: '`+` becomes `*`, `{8}` becomes `{8,}`, `?` is gone',
    family: 'regular expressions',
    mutate: forEachPart(changeQuantifier),
  },
  {
    name: 'class-changed',
    description: '`[^a]` becomes `[a]`, `[a-z-]` becomes `[a-z]`',
    family: 'regular expressions',
    mutate: forEachPart(changeClass),
  },
  {
    name: 'branch-dropped',
    description: '`a|b` becomes `a` or `b`',
    family: 'regular expressions',
    mutate: forEachPart(dropBranch),
  },
  {
    name: 'lookaround-turned',
    description: '`(?=a)` becomes `(?!a)`',
    family: 'regular expressions',
    mutate: forEachPart(turnLookaround),
  },
  {
    name: 'flag-dropped',
    description: '`/a/i` becomes `/a/`',
    family: 'regular expressions',
    mutate: dropFlag,
  },
];
