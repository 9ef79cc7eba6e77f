import { existsSync } from 'node:fs';
import { defineRouteMiddleware, type StarlightRouteData } from '@astrojs/starlight/route-data';
import { findLastUpdated, getCommits } from './patterns/commits.ts';
import { listPageFiles } from './patterns/evidence.ts';
import { findPatternId } from './patterns/find-pattern-id.ts';
import { listLibrary } from './patterns/library.ts';
import { writeLinkedData } from './patterns/linked-data.ts';
import { orderForLearning } from './patterns/order-for-learning.ts';
import { findNextPatterns, foldSidebar } from './sidebar.ts';
import { linkEdit } from './source-links.ts';

/** Folds the sidebar of each page, leads from pattern to pattern, and adds its card, its edit link, its twin in Markdown, and the date of the last change to its text or to the code to copy. */
export const onRequest = defineRouteMiddleware(async ({ locals, site }) => {
  const route = locals.starlightRoute;
  const addresses = orderForLearning(await listLibrary()).map(({ address }) => address);
  const neighbours = findNextPatterns(route.sidebar, `/${route.id}/`, addresses);
  if (neighbours) route.pagination = neighbours;
  route.sidebar = foldSidebar(route.sidebar, addresses);
  const { filePath } = route.entry;
  route.head.push(...describeCard(route, site));
  if (route.id !== '404') {
    const twin = { rel: 'alternate', type: 'text/markdown', href: `/${route.id || 'index'}.md` };
    route.head.push({ tag: 'link', attrs: twin });
  }
  if (!filePath || !existsSync(filePath)) return; // a page of its own, such as /proof/
  if (route.entry.data.editUrl === false) return;
  route.editUrl = linkEdit(filePath);
  route.lastUpdated = findLastUpdated(getCommits(process.cwd()), listFiles(filePath, route.entry));
  route.head.push(...describeArticle(route, site));
});

/** What search engines are told of a pattern page; nothing of any other. */
function describeArticle({ entry, lastUpdated }: StarlightRouteData, site: URL | undefined) {
  const id = findPatternId(entry.filePath);
  if (id === undefined || site === undefined) return [];
  const { title, description = '' } = entry.data;
  const content = writeLinkedData({ id, title, description, site, changed: lastUpdated });
  return [{ tag: 'script' as const, attrs: { type: 'application/ld+json' }, content }];
}

/** The files that a page is made of as its reader sees it. */
function listFiles(filePath: string, { data }: StarlightRouteData['entry']): string[] {
  const [, id] = /^patterns\/(.+)\.md$/.exec(filePath) ?? [];
  return id === undefined ? [filePath] : listPageFiles(process.cwd(), id, data.files ?? []);
}

/** The picture of a page where somebody links to it, and what it says; Starlight names the rest. */
function describeCard({ id, entry }: StarlightRouteData, site: URL | undefined) {
  const { title, description = '' } = entry.data;
  const image = `${new URL(`/${id || 'index'}.png`, site)}`;
  return [
    { tag: 'meta' as const, attrs: { property: 'og:image', content: image } },
    {
      tag: 'meta' as const,
      attrs: { property: 'og:image:alt', content: `${title}. ${description}` },
    },
  ];
}
