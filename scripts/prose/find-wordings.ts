import { WORDINGS } from './wordings.ts';

/** A wording as a text has it, where, and what to write instead. */
export type FoundWording = { words: string; instead: string; line: number; column: number };

const ALTERNATIVES = WORDINGS.map(({ words }) => `(${words.replaceAll(' ', '\\s+')})`).join('|');
const ANY = new RegExp(`(?<![\\w-])(?:${ALTERNATIVES})(?![\\w-])`, 'gi');

/** Whether there is a wording to replace anywhere in a text. */
export const hasWording = (text: string): boolean => text.search(ANY) !== -1;

/** The wordings to replace in a text, in their order. */
export function findWordings(text: string): FoundWording[] {
  return Array.from(text.matchAll(ANY), (match) => {
    const [words, ...groups] = match;
    const entry = WORDINGS[groups.findIndex((group) => group !== undefined)];
    const before = text.slice(0, match.index);
    return {
      words: words.replaceAll(/\s+/g, ' '),
      instead: entry?.instead ?? '',
      line: before.split('\n').length,
      column: match.index - before.lastIndexOf('\n'),
    };
  });
}
