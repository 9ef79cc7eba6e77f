import type { APIRoute } from 'astro';
import { findLastUpdated, getCommits } from '../commits.ts';
import { type LibraryPattern, listLibrary } from '../library.ts';
import { siteTitle } from '../site.ts';

/** New and changed patterns as an Atom feed (RFC 4287), the newest change first. */
export const GET: APIRoute = async ({ site }) => {
  const patterns = await listLibrary();
  const entries = patterns
    .map((pattern) => ({ pattern, changed: findChange(pattern) }))
    .sort((a, b) => b.changed.getTime() - a.changed.getTime());
  const [newest] = entries;
  const address = (path: string) => escapeXml(`${new URL(path, site)}`);
  const feed = [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom">',
    `<title>${siteTitle}</title>`,
    `<id>${address('/')}</id>`,
    `<link href="${address('/')}"/>`,
    `<link rel="self" href="${address('/feed.xml')}"/>`,
    `<author><name>${siteTitle}</name></author>`,
    `<updated>${(newest?.changed ?? new Date(0)).toISOString()}</updated>`,
    ...entries.map(({ pattern, changed }) => writeEntry(pattern, changed, address)),
    '</feed>',
  ];
  return new Response(feed.join('\n'), { headers: { 'content-type': 'application/atom+xml' } });
};

function writeEntry(
  { address: path, data }: LibraryPattern,
  changed: Date,
  address: (path: string) => string,
): string {
  return [
    '<entry>',
    `<title>${escapeXml(data.title)}</title>`,
    `<id>${address(path)}</id>`,
    `<link href="${address(path)}"/>`,
    `<updated>${changed.toISOString()}</updated>`,
    `<summary>${escapeXml(data.summary)}</summary>`,
    '</entry>',
  ].join('\n');
}

/** Where there is no history, such as in an archive, every pattern is equally old. */
function findChange({ id }: LibraryPattern): Date {
  return findLastUpdated(getCommits(process.cwd()), `patterns/${id}.md`) ?? new Date(0);
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
