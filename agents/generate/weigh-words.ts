import { SYNONYMS } from '../library/synonyms.ts';
import COMMON from './common-words.json' with { type: 'json' };

/** What is left of the weight of a word that every technical text has. */
const LEAST = 0.2;

/**
 * How much each word says, from 0 to 1: less when many of our texts have it, and less when many
 * technical texts do. Both, since thirteen pages cannot tell that "tool" is common and "brin" is not.
 */
export function createWeights(texts: Iterable<string>[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const word of new Set(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const common = readCommonWords();
  const words = new Set([...counts.keys(), ...common.keys()]);
  return new Map(
    [...words].map((word) => {
      const here = rateRarity(counts.get(word) ?? 0, texts.length);
      const elsewhere = 1 - (1 - LEAST) * (common.get(word) ?? 0);
      return [word, Number((here * elsewhere).toFixed(2))];
    }),
  );
}

/** 1 when no text has it, near 0 when all have: the inverse document frequency of BM25, scaled. */
function rateRarity(count: number, texts: number): number {
  return idf(count, texts) / idf(0, texts);
}

const idf = (count: number, texts: number): number =>
  Math.log(1 + (texts - count + 0.5) / (count + 0.5));

/** How common words are in technical English, from 0 to 1 on a scale of logarithms. */
function readCommonWords(): Map<string, number> {
  const common = new Map<string, number>();
  for (const [stem, count] of Object.entries(COMMON.counts)) {
    const word = SYNONYMS.get(stem) ?? stem;
    const share = Math.log(1 + count) / Math.log(1 + COMMON.texts);
    common.set(word, Math.max(share, common.get(word) ?? 0));
  }
  return common;
}
