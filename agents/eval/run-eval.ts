import { countTokens } from '../generate/count-tokens.ts';
import type { Search, SearchResult } from '../library/search.ts';
import { classify, type Query, type ReportClass } from './queries.ts';

/** How the queries of one class fared, as shares. It is right to find nothing for `planned` and `far`. */
export type Score = {
  queries: number;
  /** An expected pattern is the first hit; for `planned`, its topic is named; for `far`, nothing is found or named. */
  first: number;
  /** An expected pattern is among the first three hits; for `planned` and `far`, there is no hit. */
  firstThree: number;
  /** A topic without a page is named beside the hits. */
  beside: number;
  /** The length of an answer, on average. */
  tokens: number;
};

/** The scores of each class. */
export type EvalReport = Record<ReportClass, Score>;

/** Asks the queries and reports how each class fared. */
export function runEval(search: Search, queries: Query[]): EvalReport {
  return {
    keywords: rate('keywords'),
    error: rate('error'),
    paraphrase: rate('paraphrase'),
    planned: rate('planned'),
    far: rate('far'),
  };

  function rate(name: ReportClass): Score {
    const asked = queries
      .filter((query) => classify(query) === name)
      .map(({ query, expect, topic }) => ({ expect, topic, result: search(query) }));
    const share = (isGood: (one: (typeof asked)[number]) => boolean) =>
      mean(asked.map((one) => (isGood(one) ? 1 : 0)));
    return {
      queries: asked.length,
      first: share(({ expect, topic, result }) =>
        topic === undefined
          ? isRight(result, expect, 1) && (expect.length > 0 || result.planned === undefined)
          : result.planned?.id === topic,
      ),
      firstThree: share(({ expect, result }) => isRight(result, expect, 3)),
      beside: share(({ result }) => result.hits.length > 0 && result.planned !== undefined),
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
