import { cleanBody, listSections } from '../../scripts/page/machine-text.ts';
import { type IndexedWord, OUTSIDE, type SearchIndex, STRENGTHS } from '../library/search-index.ts';
import { readWords } from '../library/search-words.ts';
import type { SourcePattern } from './read-pattern.ts';
import type { Topic } from './read-topics.ts';
import { createWeights } from './weigh-words.ts';

/** What a search needs of a pattern. */
export type IndexedPattern = Pick<SourcePattern, 'id' | 'body' | 'proof'> & {
  data: Pick<SourcePattern['data'], IndexedField>;
};

type IndexedField =
  | 'title'
  | 'summary'
  | 'symptoms'
  | 'keywords'
  | 'useWhen'
  | 'references'
  | 'topics';

/** Sections that speak of something else: other ways, and the machine it was measured on. */
const OTHER_SECTIONS = ['Alternatives', 'Performance', 'References'];

/** The search index of all patterns, and of the topics that no page answers yet. */
export function indexSearch(patterns: IndexedPattern[], topics: Topic[]): SearchIndex {
  const asked = new Map(topics.map((topic) => [topic.id, topic.asked ?? '']));
  const pages = lowerMentions(
    patterns.map((pattern) => readStrengths(pattern, asked.get(pattern.id) ?? '')),
  );
  const ids = patterns.map(({ id }) => id);
  const answered = new Set(patterns.flatMap(({ data }) => data.topics));
  const unwritten = topics
    .filter(({ id }) => !ids.includes(id))
    .map((topic) => ({
      id: topic.id,
      title: topic.title,
      text: new Set(readWords(writeTopic(topic))),
      isAnswered: answered.has(topic.id),
    }));
  const weights = createWeights([...pages.map(listTold), ...unwritten.map(({ text }) => text)]);
  const words = new Map<string, IndexedWord>();
  for (const [word, weight] of weights) words.set(word, [weight, []]);
  pages.forEach((page, number) => {
    for (const [word, strength] of page) {
      const [weight, found] = words.get(word) ?? [1, []];
      words.set(word, [weight, [...found, [number, strength]]]);
    }
  });
  const planned = unwritten.filter(({ isAnswered }) => !isAnswered);
  planned.forEach(({ text }, number) => {
    for (const word of text) addTopic(words.get(word), number);
  });
  return {
    ids,
    topics: planned.map(({ id, title }) => ({ id, title })),
    words: Object.fromEntries([...words].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function writeTopic({ id, title, promise, asked = '' }: Topic): string {
  return [id.startsWith(OUTSIDE) ? '' : id, title, promise, asked].join('\n');
}

function addTopic(word: IndexedWord | undefined, number: number): void {
  if (word) word[2] = [...(word[2] ?? []), number];
}

/** A word that all pages mention says nothing of the one that mentions it. */
function lowerMentions(pages: Map<string, number>[]): Map<string, number>[] {
  const counts = new Map<string, number>();
  for (const page of pages)
    for (const word of page.keys()) counts.set(word, (counts.get(word) ?? 0) + 1);
  return pages.map((page) => {
    const lowered = [...page].map(([word, strength]): [string, number] => {
      if (strength > STRENGTHS.mentioned) return [word, strength];
      const share = (counts.get(word) ?? 0) / pages.length;
      return [word, Number((strength * (1 - share)).toFixed(2))];
    });
    return new Map(lowered.filter(([, strength]) => strength > 0));
  });
}

/**
 * A word is common when many pages are about it. What they only mention is not counted: else a
 * word would say less with each page that joins, and the threshold would hold for one size only.
 */
const listTold = (page: Map<string, number>): string[] =>
  [...page].filter(([, strength]) => strength >= STRENGTHS.told).map(([word]) => word);

/** A phrase names the page as a whole; each of its words may be about anything. */
const isPhrase = (keyword: string): boolean => keyword.includes(' ');

/** The words of a page, each with the strongest place where the page has it. */
function readStrengths(
  { id, data, body, proof }: IndexedPattern,
  asked: string,
): Map<string, number> {
  const { title, symptoms, keywords, summary, useWhen, references } = data;
  const failures = proof?.failures ?? [];
  const sections = listSections(cleanBody(body, { diagrams: false })).filter(
    ({ name }) => !OTHER_SECTIONS.includes(name),
  );
  const places: [number, string[]][] = [
    [STRENGTHS.mentioned, sections.map(({ text }) => text)],
    [STRENGTHS.mentioned, references.map((reference) => reference.title)],
    [STRENGTHS.mentioned, [...failures.map(({ symptom }) => symptom), ...(proof?.tests ?? [])]],
    [STRENGTHS.told, [summary, ...useWhen, ...failures.map((failure) => failure.title)]],
    [STRENGTHS.told, [asked, ...keywords.filter(isPhrase)]],
    [STRENGTHS.named, [...Object.keys(symptoms), ...keywords.filter((word) => !isPhrase(word))]],
    [STRENGTHS.titled, [id, title]],
  ];
  return new Map(
    places.flatMap(([strength, texts]) =>
      readWords(texts.join('\n')).map((word): [string, number] => [word, strength]),
    ),
  );
}
