import { cleanBody, listSections } from '../../scripts/page/machine-text.ts';
import { type IndexedWord, type SearchIndex, STRENGTHS } from '../library/search-index.ts';
import { readWords } from '../library/search-words.ts';
import type { SourcePattern } from './read-pattern.ts';
import type { Topic } from './read-topics.ts';
import { createWeights } from './weigh-words.ts';

/** What a search needs of a pattern. */
export type IndexedPattern = Pick<SourcePattern, 'id' | 'data' | 'body' | 'proof'>;

/** Sections that speak of something else: other ways, and the machine it was measured on. */
const OTHER_SECTIONS = ['Alternatives', 'Performance', 'References'];

/** The search index of all patterns. Topics without a page tell only which words are common. */
export function indexSearch(patterns: IndexedPattern[], topics: Topic[]): SearchIndex {
  const pages = patterns.map(readStrengths);
  const ids = patterns.map(({ id }) => id);
  const unwritten = topics.filter(({ id }) => !ids.includes(id));
  const weights = createWeights([
    ...pages.map(listTold),
    ...unwritten.map(({ id, title, promise }) => readWords(`${id} ${title} ${promise}`)),
  ]);
  const words = new Map<string, IndexedWord>();
  for (const [word, weight] of weights) words.set(word, [weight, []]);
  pages.forEach((page, number) => {
    for (const [word, strength] of page) {
      const [weight, found] = words.get(word) ?? [1, []];
      words.set(word, [weight, [...found, [number, strength]]]);
    }
  });
  return { ids, words: Object.fromEntries([...words].sort(([a], [b]) => (a < b ? -1 : 1))) };
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
function readStrengths({ id, data, body, proof }: IndexedPattern): Map<string, number> {
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
    [STRENGTHS.told, keywords.filter(isPhrase)],
    [STRENGTHS.named, [id, title, ...symptoms, ...keywords.filter((word) => !isPhrase(word))]],
  ];
  return new Map(
    places.flatMap(([strength, texts]) =>
      readWords(texts.join('\n')).map((word): [string, number] => [word, strength]),
    ),
  );
}
