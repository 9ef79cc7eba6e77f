import { getCollection } from 'astro:content';
import type { APIRoute } from 'astro';
import { indexSearch } from '../../agents/generate/index-search.ts';
import { addAsked, listOutside } from '../../agents/generate/read-topics.ts';
import { topics } from '../catalogue.json';
import { listLibrary, type SitePattern } from '../patterns/library.ts';
import type { SearchData, SearchedPattern } from '../search/search-data.ts';

/** What the search box loads when a reader turns to it: the index of the package, an index of the guides, and the words to show. */
export const GET: APIRoute = async () => {
  const patterns = await listLibrary();
  const guides = await listGuides();
  const data: SearchData = {
    index: indexSearch(
      patterns.map(({ id, data, body, evidence: { proof } }) => ({
        id,
        data,
        body,
        ...(proof && { proof }),
      })),
      [...addAsked(topics), ...listOutside()],
    ),
    patterns: patterns.map(describePattern),
    topics: topics.map(({ id, title }) => ({ id, title })),
    guideIndex: indexSearch(guides.map(toIndexed), []),
    guides: guides.map(({ id, title, summary }) => ({ id, title, summary })),
  };
  return Response.json(data);
};

function describePattern({ id, area, data }: SitePattern): SearchedPattern {
  const { title, summary, symptoms } = data;
  return { id, area, title, summary, symptoms };
}

type Guide = { id: string; title: string; summary: string; body: string };

async function listGuides(): Promise<Guide[]> {
  const entries = await getCollection('docs', ({ id }) => id.startsWith('guides/'));
  return entries
    .map(({ id, data, body = '' }) => ({
      id,
      title: data.title,
      summary: data.description ?? '',
      body,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function toIndexed({ id, title, summary, body }: Guide) {
  const none = { symptoms: [], keywords: [], useWhen: [], references: [], topics: [] };
  return { id, data: { title, summary, ...none }, body };
}
