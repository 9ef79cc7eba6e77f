import {
  createScorer,
  type QueryWord,
  type Scored,
  type ScoredPage,
  type ScoredTopic,
} from './score-pages.ts';
import { type NamedTopic, OUTSIDE, type SearchIndex, STRENGTHS } from './search-index.ts';
import { readWords } from './search-words.ts';
import type { PatternEntry } from './types.ts';

/** What a search reads of a pattern besides the index. */
type Searched = Pick<PatternEntry, 'area' | 'symptoms'>;

/** The patterns that are searched, and the index of them. */
export type SearchedLibrary<Pattern extends Searched = PatternEntry> = {
  find: (id: string) => Pattern | undefined;
  readSearchIndex: () => SearchIndex;
};

/** A pattern that answers a query; the symptom of it that has most of the query's words, if one has any; and what to do about that. */
export type Hit<Pattern = PatternEntry> = {
  pattern: Pattern;
  score: number;
  symptom?: string | undefined;
  answer?: string | undefined;
};

/** Whether patterns fit, none does, or the query has no word to search for. */
export type SearchOutcome = 'found' | 'no-pattern' | 'no-words';

/** A topic without a page; it leads when it fits the query better than each page. */
export type PlannedTopic = NamedTopic & { leads: boolean };

/**
 * What a search found. Without hits, `nearest` has the ids that come closest, three at most.
 * `planned` is the topic that the query is about and that has no page yet; a page that has some
 * of the same words may stand beside it.
 */
export type SearchResult<Pattern = PatternEntry> = {
  outcome: SearchOutcome;
  hits: Hit<Pattern>[];
  nearest: string[];
  planned?: PlannedTopic;
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
export const MIN_SCORE = 0.45;

/** The share of the best such topic's score that counts against the pages. */
export const TOPIC_SHARE = 0.4;

/** A topic without a page that scores as much is what the query is about, if it also scores this share of the best hit. */
const PLANNED = { score: 0.45, share: 0.85 };

/** A page that says as much with one word is near a query, as is one in the area of the planned topic. */
const SAYS_SOMETHING = 0.3;

/** What comes after the best page scores at least this much of it. */
const MIN_SHARE = 0.6;

const MAX_HITS = 10;
const DEFAULT_HITS = 5;

/** A search over the library; the index is read once. */
export function createSearch<Pattern extends Searched>(
  library: SearchedLibrary<Pattern>,
): Search<Pattern> {
  const scorePages = createScorer(library.readSearchIndex());

  return function search(query, { area, limit = DEFAULT_HITS } = {}) {
    const scored = scorePages(query);
    const { words, pages, topic } = scored;
    const inArea = pages.filter(({ id }) => area === undefined || library.find(id)?.area === area);
    const best = isAnswer(inArea[0], scored) ? inArea[0].score : Number.POSITIVE_INFINITY;
    const hits = inArea
      .filter(({ score }) => score >= best * MIN_SHARE)
      .slice(0, Math.min(Math.max(limit || 1, 1), MAX_HITS))
      .flatMap(({ id, score }) => {
        const pattern = library.find(id);
        return pattern ? [{ pattern, score, ...findSymptom(pattern, words) }] : [];
      });
    const planned = findPlanned(topic, hits[0]?.score ?? 0);
    const found = { hits, nearest: [], ...(planned && { planned }) };
    if (hits.length > 0) return { outcome: 'found', ...found };
    const nearest = pages.map(({ id }) => id).filter((id) => isNear(id, words, planned));
    const outcome = words.length > 0 ? 'no-pattern' : 'no-words';
    return { outcome, ...found, nearest: nearest.slice(0, 3) };
  };
}

/** The score that the best page has to reach. A planned topic that scores no more is named beside it, and takes nothing. */
export function findLeast(best: ScoredPage, topic: ScoredTopic): number {
  const isBeside = !topic.id.startsWith(OUTSIDE) && topic.score <= best.score;
  return MIN_SCORE + (isBeside ? 0 : TOPIC_SHARE * topic.score);
}

/** Whether the best page answers the query. A single word is answered by each page that it names. */
function isAnswer(best: ScoredPage | undefined, { words, topic }: Scored): best is ScoredPage {
  if (!best) return false;
  const [first, ...others] = words;
  const strength = first?.strengths.get(best.id) ?? 0;
  if (others.length === 0 && strength >= STRENGTHS.named) return true;
  const isTooWeak = best.score < findLeast(best, topic);
  return !isTooWeak && !saysWhatTopicSays(best.id, { words, topic });
}

function findPlanned({ id, title, score }: ScoredTopic, best: number): PlannedTopic | undefined {
  const isAbout = score >= PLANNED.score && score >= best * PLANNED.share;
  return isAbout && !id.startsWith(OUTSIDE) ? { id, title, leads: score > best } : undefined;
}

function isNear(id: string, words: QueryWord[], planned: NamedTopic | undefined): boolean {
  const [area = ''] = id.split('/');
  if (planned?.id.startsWith(`${area}/`)) return true;
  return words.some(({ weight, strengths }) => weight * (strengths.get(id) ?? 0) >= SAYS_SOMETHING);
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

/** The symptom whose words say most about the query; nothing where none says anything. */
function findSymptom(
  { symptoms }: Searched,
  words: QueryWord[],
): { symptom?: string; answer?: string } {
  let most = 0;
  let best = {};
  for (const [symptom, answer] of Object.entries(symptoms)) {
    const has = new Set(readWords(symptom));
    const said = words.reduce((sum, { word, weight }) => sum + (has.has(word) ? weight : 0), 0);
    if (said <= most) continue;
    most = said;
    best = { symptom, answer };
  }
  return best;
}
