import { createScorer, type Scored } from './score-pages.ts';
import { OUTSIDE, type SearchIndex } from './search-index.ts';
import { readWords } from './search-words.ts';
import type { PatternEntry } from './types.ts';

/** What a search reads of a pattern besides the index. */
type Searched = Pick<PatternEntry, 'area' | 'symptoms'>;

/** The patterns that are searched, and the index of them. */
export type SearchedLibrary<Pattern extends Searched = PatternEntry> = {
  find: (id: string) => Pattern | undefined;
  readSearchIndex: () => SearchIndex;
};

/** A pattern that answers a query, and the symptom of it that is most like the query. */
export type Hit<Pattern = PatternEntry> = { pattern: Pattern; score: number; symptom: string };

/** Whether patterns fit, none does, or the query has no word to search for. */
export type SearchOutcome = 'found' | 'no-pattern' | 'no-words';

/**
 * What a search found. Without hits, `nearest` has the ids that come closest, three at most, and
 * `planned` the topic that the query is about and that has no page yet.
 */
export type SearchResult<Pattern = PatternEntry> = {
  outcome: SearchOutcome;
  hits: Hit<Pattern>[];
  nearest: string[];
  planned?: string;
};

/** What a search may be narrowed to. */
export type SearchOptions = { area?: string | undefined; limit?: number | undefined };

/** Searches by keywords, by a sentence, or by a pasted error message. */
export type Search<Pattern = PatternEntry> = (
  query: string,
  options?: SearchOptions,
) => SearchResult<Pattern>;

/**
 * Below this score the best page is no answer, less what a topic without a page takes of it.
 * `node agents/eval/main.ts "<query>"` shows how a score comes about; the eval shows what another
 * threshold would do.
 */
export const MIN_SCORE = 0.36;

/** The share of the best such topic's score that counts against the pages. */
export const TOPIC_SHARE = 0.5;

/** A topic without a page that scores as much is what the query is about. */
const PLANNED_SCORE = 0.45;

/** What comes after the best page scores at least this much of it. */
const MIN_SHARE = 0.5;

const MAX_HITS = 10;
const DEFAULT_HITS = 5;

/** A search over the library; the index is read once. */
export function createSearch<Pattern extends Searched>(
  library: SearchedLibrary<Pattern>,
): Search<Pattern> {
  const scorePages = createScorer(library.readSearchIndex());

  return function search(query, { area, limit = DEFAULT_HITS } = {}) {
    const { words, pages, topic } = scorePages(query);
    const inArea = pages.filter(({ id }) => area === undefined || library.find(id)?.area === area);
    const best = inArea[0]?.score ?? 0;
    const isTooWeak = best - TOPIC_SHARE * topic.score < MIN_SCORE;
    const isOfTopic = inArea[0] !== undefined && saysWhatTopicSays(inArea[0].id, { words, topic });
    const fitting = isTooWeak || isOfTopic ? [] : inArea;
    const hits = fitting
      .filter(({ score }) => score >= best * MIN_SHARE)
      .slice(0, Math.min(Math.max(limit || 1, 1), MAX_HITS))
      .flatMap(({ id, score }) => {
        const pattern = library.find(id);
        return pattern ? [{ pattern, score, symptom: findSymptom(pattern, words) }] : [];
      });
    if (hits.length > 0) return { outcome: 'found', hits, nearest: [] };
    const nearest = pages.slice(0, 3).map(({ id }) => id);
    const outcome = words.length > 0 ? 'no-pattern' : 'no-words';
    const isPlanned = topic.score >= PLANNED_SCORE && !topic.id.startsWith(OUTSIDE);
    return { outcome, hits, nearest, ...(isPlanned && { planned: topic.id }) };
  };
}

/**
 * Whether all that a page says of the query, a topic without a page says too, and other pages as
 * strongly. "each night" is in two pages and in a topic: it is about the topic. A word that no
 * other page has as strongly, or that is in the id of the page, is the page's own.
 */
function saysWhatTopicSays(id: string, { words, topic }: Pick<Scored, 'words' | 'topic'>): boolean {
  const named = new Set(readWords(id));
  return words.every(({ word, strengths, topics }) => {
    const strength = strengths.get(id) ?? 0;
    if (strength === 0) return true;
    const asStrong = [...strengths.values()].filter((other) => other >= strength);
    return topics.includes(topic.number) && asStrong.length > 1 && !named.has(word);
  });
}

/** The symptom whose words say most about the query; the first where none says anything. */
function findSymptom({ symptoms }: Searched, words: Scored['words']): string {
  let best = { symptom: symptoms[0] ?? '', said: 0 };
  for (const symptom of symptoms) {
    const has = new Set(readWords(symptom));
    const said = words.reduce((sum, { word, weight }) => sum + (has.has(word) ? weight : 0), 0);
    if (said > best.said) best = { symptom, said };
  }
  return best.symptom;
}
