/**
 * What a text may cost at most, in tokens. The check fails on one that costs more. Everything else
 * that speaks of these numbers reads them here.
 */
export const BUDGETS = {
  brief: 250,
  standard: 1_200,
  full: 3_500,
  /** The block in a consumer's AGENTS.md, at this many patterns. */
  block: { tokens: 2_200, patterns: 120 },
  /** AGENTS.md of this repository. */
  agents: { tokens: 2_000, lines: 120, bytes: 8 * 1024 },
  bundles: [4_000, 16_000, 64_000],
  skill: { tokens: 900, description: 300, descriptions: 4_000 },
} as const;

/** What a bundle of so many tokens is called: `4k`. */
export const nameBundle = (budget: number): string => `${budget / 1_000}k`;
