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
  const candidates = new Map<Hinted, Candidate[]>();
  for (let allowance = LONGEST; allowance > 0; allowance--) {
    const text = write((pattern) => chooseHint(pattern, allowance));
    if (countTokens(text) <= budget) return text;
  }
  return write(() => '');

  /** The first that fits, else nothing. */
  function chooseHint(pattern: Hinted, allowance: number): string {
    const known = candidates.get(pattern) ?? listCandidates(pattern);
    candidates.set(pattern, known);
    return known.find(({ cost }) => cost() <= allowance)?.text ?? '';
  }
}

/** A hint, and what it costs in tokens, which is counted once and only when it is asked for. */
type Candidate = { text: string; cost: () => number };

/** The first symptom, then as many keywords as there are and ever fewer, then the title. */
function listCandidates({ title, symptoms, keywords }: Hinted): Candidate[] {
  const shorter = keywords.map((_, index) => keywords.slice(0, index + 1).join(', ')).reverse();
  return [...symptoms.slice(0, 1), ...shorter, title].map(toCandidate);
}

function toCandidate(text: string): Candidate {
  let known: number | undefined;
  return {
    text,
    cost() {
      known ??= countTokens(text);
      return known;
    },
  };
}

/** `name: hint`, or the name alone. */
export const withHint = (name: string, hint: string): string =>
  hint === '' ? name : `${name}: ${hint}`;
