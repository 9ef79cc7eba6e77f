import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder that `npm run build` fills. */
export const DIST = join(import.meta.dirname, '../../../dist');

/** The address of each built page, sorted, without those that only lead to another; throws a sentence when the site is not built. */
export function listPages(): string[] {
  if (!existsSync(join(DIST, 'index.html'))) throw new Error('dist/ is empty: npm run build first');
  return globSync('**/*.html', { cwd: DIST })
    .map((path) => `/${path.replaceAll('\\', '/').replace(/index\.html$/, '')}`)
    .filter((page) => !readPage(page).includes('<meta http-equiv="refresh"'))
    .sort();
}

/** Whether the page is that of one pattern. */
export const isPattern = (page: string): boolean => /^\/patterns\/[^/]+\/[^/]+\/$/.test(page);

/** The HTML of a page. */
export function readPage(page: string): string {
  return readFileSync(join(DIST, page.replace(/\/$/, '/index.html')), 'utf8');
}

/** The twin of a page in Markdown. */
export function readTwin(page: string): string {
  return readFileSync(
    join(DIST, page.replace(/\/$/, '.md').replace(/^\.md$/, '/index.md')),
    'utf8',
  );
}

/** All that a page links to, as the page has it: pages, anchors, styles, scripts and images. */
export function listLinks(html: string): string[] {
  const links = [...html.matchAll(/<[a-z][^>]*?\s(?:href|src)="([^"]*)"/g)];
  return [...new Set(links.map(([, link = '']) => link.replaceAll('&amp;', '&')))];
}

/** Why a link of a page is broken; undefined when it is not, or leads to another host. */
export function findFault(page: string, link: string): string | undefined {
  const base = new URL(page, 'http://site');
  const { origin, pathname, hash } = new URL(link, base);
  if (origin !== base.origin) return undefined;
  const path = decodeURIComponent(pathname);
  if (!existsSync(join(DIST, path.replace(/\/$/, '/index.html')))) return `${link}: no such file`;
  const id = decodeURIComponent(hash.slice(1));
  if (id && !readPage(path).includes(` id="${id}"`)) return `${link}: no such anchor`;
  return undefined;
}
