import type { APIRoute } from 'astro';
import { listLibrary } from '../patterns/library.ts';
import { siteTitle } from '../site.ts';
import { titleCase } from '../text/title-case.ts';

/** The index for language models (llmstxt.org): every pattern with its outcome, by area. */
export const GET: APIRoute = async ({ site }) => {
  const patterns = await listLibrary();
  const areas = Object.entries(Object.groupBy(patterns, ({ area }) => area));
  const sections = areas.map(([area, group = []]) => {
    const lines = group.map(
      ({ id, data }) =>
        `- [${data.title}](${new URL(`/patterns/${id}.md`, site)}): ${data.summary}`,
    );
    return `## ${titleCase(area)}\n\n${lines.join('\n')}`;
  });
  return new Response(
    `# ${siteTitle}\n\n> ${PROMISE}\n\n${sections.join('\n\n')}\n\n${MORE(site)}\n`,
  );
};

const PROMISE =
  'Backend patterns in TypeScript. A named test ran every line of code on a page, and every failure in its table is a test that passes.';

const MORE = (site: URL | undefined): string =>
  [
    '## Optional',
    '',
    `- [All pages in one file](${new URL('/llms-full.txt', site)})`,
    `- [Patterns with their evidence, as JSON](${new URL('/patterns.json', site)})`,
    `- [How proof works](${new URL('/guides/how-proof-works.md', site)})`,
  ].join('\n');
