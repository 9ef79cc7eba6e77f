import type { Part } from './configuration.ts';

/** One token of PromQL; white space and comments are left out. */
export type QueryToken = Part & { kind: QueryKind };

type QueryKind = 'string' | 'range' | 'matchers' | 'word' | 'number' | 'sign' | 'other';

/** In YAML between double quotes, PromQL's own are written `\"`. */
const STRING = /\\"[^"]*\\"|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`/.source;
const KINDS: readonly [QueryKind | 'space', RegExp][] = [
  ['space', /\s+|#[^\n]*/y],
  ['string', new RegExp(STRING, 'y')],
  ['range', /\[[^\]]*\]/y],
  ['matchers', new RegExp(`\\{(?:${STRING}|[^}"'\`\\\\])*\\}`, 'y')],
  ['word', /[a-zA-Z_:][\w:]*/y],
  ['number', /(?:\d+(?:ms|[smhdwy]))+|0x[\da-f]+|(?:\d*\.)?\d+(?:e[+-]?\d+)?/iy],
  ['sign', /[=!<>]=|=~|!~|[<>+\-*/%^]/y],
  ['other', /[\s\S]/y],
];

/** Parts a PromQL expression into its tokens, placed in the file that it is in. */
export function readQuery({ text, start: offset }: Part): QueryToken[] {
  const tokens: QueryToken[] = [];
  for (let index = 0; index < text.length; ) {
    const { kind, length } = readToken(text, index);
    const place = { start: offset + index, end: offset + index + length };
    if (kind !== 'space') tokens.push({ kind, text: text.slice(index, index + length), ...place });
    index += length;
  }
  return tokens;
}

function readToken(text: string, index: number): { kind: QueryKind | 'space'; length: number } {
  for (const [kind, form] of KINDS) {
    form.lastIndex = index;
    const found = form.exec(text)?.[0];
    if (found) return { kind, length: found.length };
  }
  throw new RangeError(`no character at ${index} of the query ${text}`);
}
