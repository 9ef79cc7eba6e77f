import { defineRouteMiddleware } from '@astrojs/starlight/route-data';
import { findLastUpdated, readCommitDates } from './last-updated.ts';
import { repositoryUrl } from './site.ts';

// process.cwd(): in the build this module is bundled, and its own folder is that of the bundle.
const dates = readCommitDates(process.cwd());

/** Adds to each page its edit link and the date on which it or its example last changed. */
export const onRequest = defineRouteMiddleware(({ locals }) => {
  const route = locals.starlightRoute;
  const { filePath } = route.entry;
  if (!filePath || route.id === '404') return;
  route.editUrl = new URL(`${repositoryUrl}/edit/main/${filePath}`);
  route.lastUpdated = findLastUpdated(dates, filePath);
});
