import { countTokens as countO200k } from 'gpt-tokenizer/encoding/o200k_base';

const counted = new Map<string, number>();

/** The length of a text in o200k tokens; other tokenizers differ by some percent. */
export function countTokens(text: string): number {
  const known = counted.get(text);
  if (known !== undefined) return known;
  const tokens = countO200k(text);
  counted.set(text, tokens);
  return tokens;
}
