import type { APIRoute } from 'astro';
import { groupByArea } from '../patterns/group-by-area.ts';
import { listLibrary } from '../patterns/library.ts';
import { orderForLearning } from '../patterns/order-for-learning.ts';
import { siteTitle } from '../site.ts';
import { titleCase } from '../text/title-case.ts';

/** The index for language models (llmstxt.org): every pattern with its outcome, by area. */
export const GET: APIRoute = async ({ site }) => {
  const patterns = await listLibrary();
  const link = (title: string, path: string) => `- [${title}](${new URL(path, site)})`;
  const sections = groupByArea(orderForLearning(patterns)).map(({ area, items }) => {
    const lines = items.map(
      ({ id, data }) => `${link(data.title, `/patterns/${id}.md`)}: ${data.summary}`,
    );
    const all = link(`All pages of ${titleCase(area)} in one file`, `/llms/${area}.txt`);
    return `## ${titleCase(area)}\n\n${[...lines, all].join('\n')}`;
  });
  const more = [
    link('Use with an AI tool', '/guides/use-with-an-ai-tool.md'),
    link('Add a pattern to an app', '/guides/add-a-pattern.md'),
    link('How proof works', '/guides/how-proof-works.md'),
    link('Patterns with what to choose them by, as JSON', '/patterns.json'),
    `${link('All pages in one file', '/llms-full.txt')}: large; the file of an area is usually enough`,
  ];
  const parts = [
    `# ${siteTitle}`,
    `> ${PROMISE}`,
    ...sections,
    `## Optional\n\n${more.join('\n')}\n`,
  ];
  return new Response(parts.join('\n\n'));
};

const PROMISE =
  'Backend patterns in TypeScript. A named test ran every line of code on a page, and every failure in its table is a test that passes.';
