import { getCollection } from 'astro:content';
import type { APIRoute } from 'astro';
import { indexSearch } from '../../agents/generate/index-search.ts';
import { addAsked, listOutside } from '../../agents/generate/read-topics.ts';
import { topics } from '../catalogue.json';
import { type LearningPath, learningPaths } from '../paths/learning-paths.ts';
import { listLibrary, type SitePattern } from '../patterns/library.ts';
import type { Guide, SearchData, SearchedPattern } from '../search/search-data.ts';

/** What the search box loads when a reader turns to it: the index of the package, an index of the other texts, and the words to show. */
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
    guideIndex: indexSearch(guides.map(toIndexed), []),
    guides: guides.map(({ body, ...guide }) => guide),
  };
  return Response.json(data);
};

function describePattern({ id, area, data }: SitePattern): SearchedPattern {
  const { title, summary, symptoms } = data;
  return { id, area, title, summary, symptoms };
}

type Text = Guide & { body: string };

/** The guides, the comparisons and the glossary, the learning paths, and the changelog. */
async function listGuides(): Promise<Text[]> {
  const entries = await getCollection('docs', ({ id }) =>
    /^(?:guides|compare)\/|^glossary$/.test(id),
  );
  const texts = entries.map(({ id, data, body = '' }) => {
    const { title, description: summary = '' } = data;
    return { id, title, summary, kind: nameKind(id), body };
  });
  const all = [...texts, ...learningPaths.map(toText), CHANGELOG];
  return all.sort((a, b) => (a.id < b.id ? -1 : 1));
}

const CHANGELOG: Text = {
  id: 'changelog',
  title: 'Changelog',
  summary: 'The patterns that are new or that changed, by day.',
  kind: 'Library',
  body: '',
};

function nameKind(id: string): string {
  if (id.startsWith('compare/')) return 'Comparison';
  return id === 'glossary' ? 'Glossary' : 'Guide';
}

function toText({ slug, title, summary, steps }: LearningPath): Text {
  const body = steps.map(({ adds }) => adds).join('\n');
  return { id: `paths/${slug}`, title, summary, kind: 'Learning path', body };
}

function toIndexed({ id, title, summary, body }: Text) {
  const none = { symptoms: {}, keywords: [], useWhen: [], references: [], topics: [] };
  return { id, data: { title, summary, ...none }, body };
}
