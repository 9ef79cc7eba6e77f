import { z } from 'zod';
import { estimateTokens } from './estimate-tokens.ts';

/** How long an answer is when nobody asks for more, and at most, in tokens. */
export const ANSWER = { usual: 1_500, most: 8_000, least: 300 } as const;

/** The argument by which a caller asks for a longer answer. */
export const maxTokens = z.int().min(ANSWER.least).max(ANSWER.most).default(ANSWER.usual);

/** As many of the items, from the first on, as can be written in so many tokens. */
export function takeFitting<T>(
  items: readonly T[],
  budget: number,
  write: (fitting: T[]) => string,
): T[] {
  const fitting = [...items];
  while (fitting.length > 0 && estimateTokens(write(fitting)) > budget) fitting.pop();
  return fitting;
}
