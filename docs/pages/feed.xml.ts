import type { APIRoute } from 'astro';
import { findHistory } from '../patterns/changes.ts';
import { getCommits } from '../patterns/commits.ts';
import { listPageFiles } from '../patterns/evidence.ts';
import { listLibrary, type SitePattern } from '../patterns/library.ts';
import { siteTitle } from '../site.ts';
import { escapeHtml } from '../text/escape-html.ts';

/** New and changed patterns as an Atom feed (RFC 4287), the newest change first. */
export const GET: APIRoute = async ({ site }) => {
  const patterns = await listLibrary();
  const entries = patterns
    .map((pattern) => ({ pattern, ...findDates(pattern) }))
    .sort((a, b) => b.changed.getTime() - a.changed.getTime());
  const [newest] = entries;
  const address = (path: string) => escapeHtml(`${new URL(path, site)}`);
  const feed = [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom">',
    `<title>${siteTitle}</title>`,
    `<id>${address('/')}</id>`,
    `<link href="${address('/')}"/>`,
    `<link rel="self" href="${address('/feed.xml')}"/>`,
    `<author><name>${siteTitle}</name></author>`,
    `<updated>${(newest?.changed ?? new Date(0)).toISOString()}</updated>`,
    ...entries.map((entry) => writeEntry(entry, address)),
    '</feed>',
  ];
  return new Response(feed.join('\n'), { headers: { 'content-type': 'application/atom+xml' } });
};

type Dates = { published: Date; changed: Date };

function writeEntry(
  { pattern, published, changed }: Dates & { pattern: SitePattern },
  address: (path: string) => string,
): string {
  const { title, summary } = pattern.data;
  const news = changed > published ? 'Changed' : 'New';
  return [
    '<entry>',
    `<title>${escapeHtml(title)}</title>`,
    `<id>${address(pattern.address)}</id>`,
    `<link href="${address(pattern.address)}"/>`,
    `<published>${published.toISOString()}</published>`,
    `<updated>${changed.toISOString()}</updated>`,
    `<category term="${news.toLowerCase()}"/>`,
    `<summary>${news}: ${escapeHtml(summary)}</summary>`,
    '</entry>',
  ].join('\n');
}

/** Where there is no history, such as in an archive, every pattern is new and equally old. */
function findDates({ id, data }: SitePattern): Dates {
  const root = process.cwd();
  const history = findHistory(getCommits(root), listPageFiles(root, id, data.files));
  return history ?? { published: new Date(0), changed: new Date(0) };
}
