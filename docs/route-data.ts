import { existsSync } from 'node:fs';
import { defineRouteMiddleware } from '@astrojs/starlight/route-data';
import { findLastUpdated, getCommits } from './commits.ts';
import { foldSidebar } from './sidebar.ts';
import { repositoryUrl } from './site.ts';

/** Folds the sidebar of each page, and adds its edit link, its twin in Markdown, and the date on which it or its example last changed. */
export const onRequest = defineRouteMiddleware(({ locals }) => {
  const route = locals.starlightRoute;
  route.sidebar = foldSidebar(route.sidebar);
  const { filePath } = route.entry;
  if (!filePath || !existsSync(filePath)) return; // a page of its own, such as /proof/
  route.editUrl = new URL(`${repositoryUrl}/edit/main/${filePath}`);
  route.lastUpdated = findLastUpdated(getCommits(process.cwd()), filePath);
  const twin = { rel: 'alternate', type: 'text/markdown', href: `/${route.id || 'index'}.md` };
  route.head.push({ tag: 'link', attrs: twin });
});
