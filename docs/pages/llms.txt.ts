import { getCollection } from 'astro:content';
import type { APIRoute } from 'astro';
import { learningPaths } from '../paths/learning-paths.ts';
import { groupByArea } from '../patterns/group-by-area.ts';
import { listLibrary } from '../patterns/library.ts';
import { orderForLearning } from '../patterns/order-for-learning.ts';
import { siteTitle } from '../site.ts';
import { titleCase } from '../text/title-case.ts';

type Link = (title: string, path: string, summary?: string) => string;

/** The index for language models (llmstxt.org): every pattern with its outcome, by area, then what compares and orders them. */
export const GET: APIRoute = async ({ site }) => {
  const link: Link = (title, path, summary) =>
    `- [${title}](${new URL(path, site)})${summary ? `: ${summary}` : ''}`;
  const sections = {
    ...(await listAreas(link)),
    Comparisons: await listComparisons(link),
    'Learning paths': learningPaths.map(({ slug, title, summary }) =>
      link(title, `/paths/${slug}.md`, summary),
    ),
    Optional: [
      link('Use with an AI tool', '/guides/use-with-an-ai-tool.md'),
      link('Add a pattern to an app', '/guides/add-a-pattern.md'),
      link('How proof works', '/guides/how-proof-works.md'),
      link('Glossary', '/glossary.md'),
      link('Changelog', '/changelog.md'),
      link('Patterns with what to choose them by, as JSON', '/patterns.json'),
      link(
        'All pages in one file',
        '/llms-full.txt',
        'large; the file of an area is usually enough',
      ),
    ],
  };
  const texts = Object.entries(sections).map(
    ([title, lines]) => `## ${title}\n\n${lines.join('\n')}`,
  );
  return new Response([`# ${siteTitle}`, `> ${PROMISE}`, ...texts].join('\n\n').concat('\n'));
};

async function listAreas(link: Link): Promise<Record<string, string[]>> {
  const groups = groupByArea(orderForLearning(await listLibrary()));
  return Object.fromEntries(
    groups.map(({ area, items }) => {
      const title = titleCase(area);
      const pages = items.map(({ id, data }) =>
        link(data.title, `/patterns/${id}.md`, data.summary),
      );
      return [title, [...pages, link(`All pages of ${title} in one file`, `/llms/${area}.txt`)]];
    }),
  );
}

async function listComparisons(link: Link): Promise<string[]> {
  const comparisons = await getCollection('docs', ({ id }) => id.startsWith('compare/'));
  return comparisons.map(({ id, data }) => link(data.title, `/${id}.md`, data.description)).sort();
}

const PROMISE =
  'Backend patterns in TypeScript. A named test ran every line of code on a page, and every failure in its table is a test that passes.';
