import { countTokens } from './count-tokens.ts';

/** What a line about a pattern may say of it. */
export type Hinted = { title: string; symptoms: readonly string[]; keywords: readonly string[] };

/** No symptom is longer. */
const LONGEST = 30;

/**
 * The text with the longest hints with which it keeps to its budget: each pattern gets the same
 * allowance of tokens. Without room for any, the text as it is without hints.
 */
export function fitHints(
  budget: number,
  write: (hint: (pattern: Hinted) => string) => string,
): string {
  for (let allowance = LONGEST; allowance > 0; allowance--) {
    const text = write((pattern) => chooseHint(pattern, allowance));
    if (countTokens(text) <= budget) return text;
  }
  return write(() => '');
}

/** The first symptom if it fits, else as many keywords as do, else the title, else nothing. */
function chooseHint({ title, symptoms, keywords }: Hinted, allowance: number): string {
  const shorter = keywords.map((_, index) => keywords.slice(0, index + 1).join(', ')).reverse();
  const candidates = [...symptoms.slice(0, 1), ...shorter, title];
  return candidates.find((text) => countTokens(text) <= allowance) ?? '';
}

/** `name: hint`, or the name alone. */
export const withHint = (name: string, hint: string): string =>
  hint === '' ? name : `${name}: ${hint}`;
