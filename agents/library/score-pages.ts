import { type NamedTopic, type SearchIndex, STRENGTHS } from './search-index.ts';
import { readQueryWords, readWords } from './search-words.ts';

/** A word of a query: how much it says, and how strongly each page that has it is about it. */
export type QueryWord = {
  word: string;
  weight: number;
  strengths: Map<string, number>;
  /** The topics without a page that have it. */
  topics: readonly number[];
};

/** A topic without a page, by its name and by its place among them. */
export type ScoredTopic = NamedTopic & { number: number; score: number };

/** A page that has a word of the query. */
export type ScoredPage = { id: string; score: number };

/** The words of a query, and the pages that have any of them, the best first. */
export type Scored = {
  words: QueryWord[];
  pages: ScoredPage[];
  /** The topic without a page that the query is most about. */
  topic: ScoredTopic;
};

/**
 * Scores pages on a query. The score is what the page's words say, divided by the root of what all
 * words of the query say. So it grows with each word that is found, and shrinks with each that
 * is not, more with a rare one: a page on tokens is no answer to "csrf token".
 */
export function createScorer({
  ids,
  topics,
  words: indexed,
}: SearchIndex): (query: string) => Scored {
  const known = new Map(Object.entries(indexed));
  const named = topics.map(({ id }) => new Set(readWords(id)));

  return function scorePages(query) {
    const counts = readQueryWords(query, (word) => known.has(word));
    const words = [...counts].map(([word, count]) => weigh(word, count));
    const all = sum(words.map(({ weight }) => weight));
    const found = new Set(words.flatMap(({ strengths }) => [...strengths.keys()]));
    const pages = [...found].map((id) => ({ id, score: scorePage(id, words) / Math.sqrt(all) }));
    pages.sort((a, b) => b.score - a.score || compare(a.id, b.id));
    const [number, said] = findTopic(words);
    const { id, title } = topics[number] ?? { id: '', title: '' };
    return { words, pages, topic: { id, title, number, score: said / Math.sqrt(all || 1) } };
  };

  /** A topic is about each word that it has, and most about those of its id. */
  function findTopic(words: QueryWord[]): [number: number, said: number] {
    const scores = new Map<number, number>();
    for (const { word, weight, topics } of words)
      for (const topic of topics) {
        const strength = named[topic]?.has(word) ? STRENGTHS.titled : STRENGTHS.named;
        scores.set(topic, (scores.get(topic) ?? 0) + weight * strength);
      }
    const best = [...scores].sort(([, a], [, b]) => b - a)[0];
    return best ?? [-1, 0];
  }

  /** A word that no text has says most of all; one that comes again says more. */
  function weigh(word: string, count: number): QueryWord {
    const [weight, pages, topics = []] = known.get(word) ?? [1, []];
    const strengths = new Map(pages.map(([page, strength]) => [ids[page] ?? '', strength]));
    return { word, weight: weight * (1 + Math.log(count)), strengths, topics };
  }
}

const scorePage = (id: string, words: QueryWord[]): number =>
  sum(words.map(({ weight, strengths }) => weight * (strengths.get(id) ?? 0)));

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);

const compare = (a: string, b: string): number => (a < b ? -1 : 1);
