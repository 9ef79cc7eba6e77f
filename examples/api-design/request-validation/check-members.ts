import type { Violation } from '../error-handling/http-problem.ts';
import { MOST_VIOLATIONS, toPointer } from './list-violations.ts';

/** What is open; an object has keys, and no place before it has one. */
type Level = {
  keys?: Set<string>;
  place?: string | number | undefined;
};

const DEEPEST = 32;

/** What parsers read in two ways. The text must be valid JSON. */
export function checkMembers(text: string): Violation[] {
  const found: Violation[] = [];
  const levels: Level[] = [];

  for (let at = 0; at < text.length; at++) {
    const level = levels.at(-1);
    const character = text[at];
    if (character === '"') {
      const end = findStringEnd(text, at);
      const detail = findFault(levels, text.slice(at, end + 1));
      if (detail) found.push({ pointer: pointTo(levels), detail });
      at = end;
    } else if (character === '{') levels.push({ keys: new Set() });
    else if (character === '[') levels.push({ place: 0 });
    else if (character === '}' || character === ']') levels.pop();
    else if (character === ',' && level)
      level.place = level.keys ? undefined : Number(level.place) + 1;
    if (found.length === MOST_VIOLATIONS) break;
    if (levels.length > DEEPEST)
      return [{ pointer: '', detail: `Nest at most ${DEEPEST} deep` }];
  }
  return found;
}

// #region find-fault
/** Of a key or a text; reads the key into its level. */
function findFault(levels: Level[], json: string): string | undefined {
  const level = levels.at(-1);
  const isKey = level?.keys && level.place === undefined;
  // "a" and "\u0061" are one key.
  const text =
    isKey || json.includes('\\u') ? `${JSON.parse(json)}` : '';
  if (isKey) level.place = text;
  // Postgres refuses NUL; half a pair becomes "�" in other parsers.
  if (text.includes('\0') || !text.isWellFormed())
    return 'NUL and unpaired surrogates are not accepted';
  if (!isKey) return undefined;
  if (level.keys?.has(text)) return 'This key is there twice';
  level.keys?.add(text);
  const isPrototype =
    text === '__proto__' ||
    (text === 'prototype' && levels.at(-2)?.place === 'constructor');
  return isPrototype ? 'This key is not accepted' : undefined;
}
// #endregion find-fault

const pointTo = (levels: Level[]) =>
  toPointer(levels.map(({ place }) => String(place)));

/** A regular expression would need a stack as deep as the string is long. */
function findStringEnd(text: string, start: number): number {
  let end = start + 1;
  while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return end;
}
