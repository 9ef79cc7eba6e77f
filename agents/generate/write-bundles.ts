import { DETAILS, type Detail } from '../library/types.ts';
import { BUDGETS } from './budgets.ts';
import { countTokens } from './count-tokens.ts';

/** A pattern as a bundle takes it. */
export type BundledPattern = {
  id: string;
  level: number;
  failures: number;
  texts: Record<Detail, string>;
};

/** Whole patterns of one area in one text of at most so many tokens. */
export type Bundle = { area: string; budget: number; detail: Detail; text: string };

/** The bundles of an area, one for each budget. */
export function writeBundles(area: string, patterns: BundledPattern[]): Bundle[] {
  const ranked = [...patterns].sort(
    (a, b) => b.level - a.level || b.failures - a.failures || (a.id < b.id ? -1 : 1),
  );
  return BUDGETS.bundles.map((budget) => writeBundle(area, budget, ranked));
}

/** In the richest detail in which all of them fit; else those with the most to tell, in standard. */
function writeBundle(area: string, budget: number, ranked: BundledPattern[]): Bundle {
  const detail = DETAILS.findLast((detail) => fits(detail, ranked)) ?? 'standard';
  const chosen: BundledPattern[] = [];
  for (const pattern of ranked) {
    if (fits(detail, [...chosen, pattern])) chosen.push(pattern);
  }
  return { area, budget, detail, text: write(detail, chosen) };

  function fits(detail: Detail, patterns: BundledPattern[]): boolean {
    return countTokens(write(detail, patterns)) <= budget;
  }

  function write(detail: Detail, patterns: BundledPattern[]): string {
    const rest = ranked.filter((pattern) => !patterns.includes(pattern));
    const texts = patterns.map(({ texts }) => texts[detail]);
    const head = (tokens: number) =>
      [
        `Touchstone, area ${area}, ${detail} texts: about ${tokens} tokens.`,
        `Included: ${listIds(patterns)}.`,
        ...(rest.length > 0 ? [`Left out for lack of space: ${listIds(rest)}.`] : []),
      ].join('\n');
    const join = (tokens: number) => [head(tokens), ...texts].join('\n\n');
    return join(countTokens(join(budget)));
  }
}

const listIds = (patterns: BundledPattern[]): string =>
  patterns.map(({ id }) => id).join(', ') || 'nothing';
