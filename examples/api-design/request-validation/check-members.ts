import type { Violation } from '../error-handling/http-problem.ts';
import { toPointer } from './to-pointer.ts';

/** An object or array that is open: only an object has keys. */
type Level = { keys?: Set<string>; place: string | number };

// #region check-members
/** Keys that parsers disagree about. The text must be valid JSON. */
export function checkMembers(
  text: string,
  maxDepth: number,
): Violation[] {
  const found: Violation[] = [];
  const levels: Level[] = [];
  let key = '';

  for (let at = 0; at < text.length; at++) {
    const level = levels.at(-1);
    const character = text[at];
    if (character === '"') {
      const end = findStringEnd(text, at);
      key = text.slice(at, end + 1); // if a colon follows
      at = end;
    } else if (character === ':' && level?.keys) {
      level.place = `${JSON.parse(key)}`; // "a" and "\u0061" are one
      const detail = describeFault(levels);
      if (detail) found.push({ pointer: pointTo(levels), detail });
      level.keys.add(level.place);
    } else if (character === '{')
      levels.push({ keys: new Set(), place: '' });
    else if (character === '[') levels.push({ place: 0 });
    else if (character === '}' || character === ']') levels.pop();
    else if (character === ',' && typeof level?.place === 'number')
      level.place++;
    if (levels.length > maxDepth)
      return [{ pointer: '', detail: `Nest at most ${maxDepth} deep` }];
  }
  return found;
}
// #endregion check-members

function describeFault(levels: Level[]): string | undefined {
  const [parent, level] = [levels.at(-2), levels.at(-1)];
  const { keys, place } = level ?? {};
  if (keys?.has(`${place}`)) return 'This key is there twice';
  const isPrototype =
    place === '__proto__' ||
    (place === 'prototype' && parent?.place === 'constructor');
  return isPrototype ? 'This key is not accepted' : undefined;
}

const pointTo = (levels: Level[]) =>
  toPointer(levels.map(({ place }) => place));

/** A regular expression would need a stack as deep as the string is long. */
function findStringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}
