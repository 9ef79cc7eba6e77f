/** One word after the language of a fence; `start` and `end` are offsets in the info string. */
export type InfoWord = {
  key: string;
  /** What comes after `=`, without its quotes; undefined for a bare word. */
  value?: string;
  quoted: boolean;
  start: number;
  end: number;
};

/** The info string of a fence, taken apart; its bytes stay where they are. */
export type Info = { lang: string; words: InfoWord[] };

const CLOSERS = new Map([
  ['"', '"'],
  ["'", "'"],
  ['{', '}'],
  ['/', '/'],
]);

/** Takes an info string apart: `ts source="a.ts#b" {2,4-5}` is a language and two words. */
export function parseInfo(info: string): Info {
  let at = skipSpace(info, 0);
  const langEnd = findLangEnd(info, at);
  const lang = info.slice(at, langEnd);
  const words: InfoWord[] = [];
  // Found once, so that openers without a closer cost no search each.
  const lastClosers = new Map(
    [...CLOSERS.values()].map((closer) => [closer, info.lastIndexOf(closer)]),
  );
  at = skipSpace(info, langEnd);
  while (at < info.length) {
    const end = findWordEnd(info, at, lastClosers);
    words.push(readWord(info, at, end));
    at = skipSpace(info, end);
  }
  return { lang, words };
}

/** `ts{2}` is a language and a word: the space is easily forgotten. */
function findLangEnd(info: string, from: number): number {
  let at = from;
  while (at < info.length && !isSpace(info[at]) && info[at] !== '{') at++;
  return at;
}

function findWordEnd(info: string, from: number, lastClosers: Map<string, number>): number {
  let at = from;
  while (at < info.length && !isSpace(info[at])) {
    const closer = CLOSERS.get(info[at] ?? '');
    const opens = closer !== undefined && (at === from || info[at - 1] === '=');
    const closes = opens && (lastClosers.get(closer) ?? 0) > at;
    at = closes ? info.indexOf(closer, at + 1) + 1 : at + 1;
  }
  return at;
}

function readWord(info: string, start: number, end: number): InfoWord {
  const word = info.slice(start, end);
  const equals = word.indexOf('=');
  if (equals <= 0 || '"\'{/'.includes(word[0] ?? ''))
    return { key: word, quoted: false, start, end };
  const raw = word.slice(equals + 1);
  const quoted = raw.length > 1 && raw.startsWith('"') && raw.endsWith('"');
  const value = quoted ? raw.slice(1, -1) : raw;
  return { key: word.slice(0, equals), value, quoted, start, end };
}

/** The info string with the engine's own word, the highlighted lines, and every other byte as it was. */
export function writeHighlights(info: string, highlights: number[]): string {
  const { words } = parseInfo(info);
  const wanted = highlights.length > 0 ? `{${writeRanges(highlights)}}` : '';
  const [first, ...rest] = words.filter(({ key }) => isRangeWord(key));
  let result = info;
  for (const word of rest.reverse()) result = replaceWord(result, word, '');
  if (first !== undefined) return replaceWord(result, first, wanted);
  return wanted === '' ? result : `${result.trimEnd()} ${wanted}`;
}

/** Whether a word is a list of line numbers in braces, which the engine owns. */
function isRangeWord(word: string): boolean {
  return /^\{[\d,\s-]*\}$/.test(word);
}

function replaceWord(info: string, { start, end }: InfoWord, text: string): string {
  const from = text === '' && isSpace(info[start - 1]) ? start - 1 : start;
  return info.slice(0, from) + text + info.slice(end);
}

/** `[2, 4, 5]` as `2,4-5`; the numbers ascend. */
export function writeRanges(numbers: number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(',');
}

/** `0-3 7` or `0-3,7` as [0, 1, 2, 3, 7]. */
export function readRanges(text: string): number[] {
  if (text === '') return [];
  return text.split(/[ ,]/).flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text[at])) at++;
  return at;
}

const isSpace = (character: string | undefined): boolean => character === ' ' || character === '\t';
