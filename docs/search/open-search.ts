import { createScorer } from '../../agents/library/score-pages.ts';
import { createSearch, type PlannedTopic } from '../../agents/library/search.ts';
import { readWords } from '../../agents/library/search-words.ts';
import { titleCase } from '../text/title-case.ts';
import type { SearchData, SearchedPattern } from './search-data.ts';

/** A page that answers a query: a pattern with the symptom that is most like the query and what to do about it, or another page. */
export type Answer = {
  href: string;
  title: string;
  summary: string;
  area: string;
  symptom?: string | undefined;
  answer?: string | undefined;
};

/** What a search says: answers, or that there are none, with the planned topic and the nearest pages. */
export type Answers = {
  answers: Answer[];
  planned?: PlannedTopic | undefined;
  nearest: Answer[];
  /** Whether a word of a text is one that was asked for. */
  isAsked: (word: string) => boolean;
};

/** A guide speaks of everything a little: beside patterns it must be about the query, alone it may touch it. */
const LEAST_OF_GUIDE = { beside: 0.4, alone: 0.25 };

/** Opens the search of the package over what the site loaded. */
export function openSearch(data: SearchData): (query: string) => Answers {
  const byId = new Map(data.patterns.map((pattern) => [pattern.id, pattern]));
  const search = createSearch({
    find: (id: string) => byId.get(id),
    readSearchIndex: () => data.index,
  });
  const scoreGuides = createScorer(data.guideIndex);

  return function answer(query) {
    const { hits, nearest, planned } = search(query);
    const asked = new Set(readWords(query));
    const answers = hits.map(({ pattern, ...said }) => ({ ...describe(pattern), ...said }));
    const near = nearest.flatMap((id) => byId.get(id) ?? []).map(describe);
    const guides = findGuide(query, answers.length > 0 || planned ? 'beside' : 'alone');
    // A comparison of what is written is no answer to what is planned.
    const areNear = answers.length === 0 && planned !== undefined;
    return {
      answers: areNear ? [] : [...answers, ...guides],
      planned,
      isAsked: (word) => readWords(word).some((stem) => asked.has(stem)),
      nearest: areNear ? [...guides, ...near] : near,
    };
  };

  function findGuide(query: string, place: keyof typeof LEAST_OF_GUIDE): Answer[] {
    const [best] = scoreGuides(query).pages;
    const guide = data.guides.find(({ id }) => id === best?.id);
    if (!guide || !best || best.score < LEAST_OF_GUIDE[place]) return [];
    return [
      { href: `/${guide.id}/`, title: guide.title, summary: guide.summary, area: guide.kind },
    ];
  }
}

function describe({ id, title, summary, area }: SearchedPattern): Answer {
  return { href: `/patterns/${id}/`, title, summary, area: titleCase(area) };
}
