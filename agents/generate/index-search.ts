import MiniSearch from 'minisearch';
import { SEARCH_OPTIONS, type SearchDocument } from '../library/search-options.ts';
import type { LibraryPattern } from './build-library.ts';

/** The search index of all patterns, as MiniSearch writes it. */
export function indexSearch(patterns: LibraryPattern[]): string {
  const index = new MiniSearch<SearchDocument>(SEARCH_OPTIONS);
  index.addAll(patterns.map(toDocument));
  return JSON.stringify(index);
}

function toDocument({ source }: LibraryPattern): SearchDocument {
  const { id, slug, data, body, proof } = source;
  return {
    id,
    title: `${data.title} ${slug.replaceAll('-', ' ')}`,
    symptoms: data.symptoms.join('\n'),
    summary: data.summary,
    keywords: data.keywords.join(', '),
    headings: [...data.useWhen, ...(proof?.failures ?? []).map(({ title }) => title)].join('\n'),
    code: listCodeNames(body).join(' '),
  };
}

/** Names that the page sets in code: identifiers, errors, settings. */
function listCodeNames(body: string): string[] {
  const names = [...body.matchAll(/(?<!`)`([^`\n]{2,60})`(?!`)/g)].map(([, name = '']) => name);
  return [...new Set(names)];
}
