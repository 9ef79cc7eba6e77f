import type { Options } from 'minisearch';
import { stemmer } from 'stemmer';

/** What a search looks at, field by field. */
export type SearchDocument = {
  id: string;
  title: string;
  symptoms: string;
  summary: string;
  keywords: string;
  headings: string;
  code: string;
};

/** Words that say nothing about a problem. */
const STOP_WORDS = new Set(
  `a an and are as at be been but by can could do does for from get gets got had has have how i if in into is it its
   me my no not of on one or our out so that the their them then there they this to us was we were what when which
   while who why will with would you your`.split(/\s+/),
);

/** The index must be built and read with the same options. */
export const SEARCH_OPTIONS: Options<SearchDocument> = {
  fields: ['title', 'symptoms', 'summary', 'keywords', 'headings', 'code'],
  processTerm,
  searchOptions: {
    boost: { title: 5, symptoms: 3, keywords: 3, summary: 2 },
  },
};

function processTerm(term: string): string | null {
  const word = term.toLowerCase();
  return word.length < 2 || STOP_WORDS.has(word) ? null : stemmer(word);
}
