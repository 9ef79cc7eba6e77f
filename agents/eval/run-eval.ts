import { countTokens } from '../generate/count-tokens.ts';
import type { Search, SearchResult } from '../library/search.ts';
import type { Query, QueryClass } from './queries.ts';

/** How the queries of one class fared, as shares. For `nothing` it is right to find nothing. */
export type Score = {
  queries: number;
  /** An expected pattern is the first hit; for `nothing`, there is no hit. */
  first: number;
  /** An expected pattern is among the first three hits; for `nothing`, there is no hit. */
  firstThree: number;
  /** The length of an answer, on average. */
  tokens: number;
};

/** The scores of each class. */
export type EvalReport = Record<QueryClass, Score>;

/** Asks the queries and reports how each class fared. */
export function runEval(search: Search, queries: Query[]): EvalReport {
  return {
    keywords: rate('keywords'),
    error: rate('error'),
    paraphrase: rate('paraphrase'),
    nothing: rate('nothing'),
  };

  function rate(name: QueryClass): Score {
    const asked = queries
      .filter((query) => query.class === name)
      .map(({ query, expect }) => ({ expect, result: search(query) }));
    const share = (count: number) =>
      mean(asked.map(({ expect, result }) => (isRight(result, expect, count) ? 1 : 0)));
    return {
      queries: asked.length,
      first: share(1),
      firstThree: share(3),
      tokens: mean(asked.map(({ result }) => countTokens(writeAnswer(result)))),
    };
  }
}

const isRight = ({ hits }: SearchResult, expect: string[], count: number): boolean =>
  expect.length === 0
    ? hits.length === 0
    : hits.slice(0, count).some(({ pattern }) => expect.includes(pattern.id));

const mean = (numbers: number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / Math.max(numbers.length, 1);

/** An answer as text, with what one chooses a pattern by. */
function writeAnswer({ hits, nearest }: SearchResult): string {
  if (hits.length === 0) return `No pattern fits. Nearest: ${nearest.join(', ')}`;
  return hits
    .map(({ pattern: { id, title, summary, tokens }, symptom }) => {
      const lengths = `brief ${tokens.brief}, standard ${tokens.standard}, full ${tokens.full}`;
      return `${id}: ${title}\n${summary}\nsymptom: ${symptom}\ntokens: ${lengths}`;
    })
    .join('\n\n');
}
