import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readMeta } from '../cards/read-meta.ts';
import catalogue from '../catalogue.json' with { type: 'json' };
import { linkIssue } from '../source-links.ts';
import {
  DIST,
  findFault,
  isPattern,
  listLinks,
  listPages,
  readPage,
  readTwin,
} from './helpers/built-site.ts';

describe.each(listPages())('the built page %s', (page) => {
  const html = readPage(page);

  if (announcesTwin(html)) describeTwin(page, html);

  it('has only links that lead somewhere', () => {
    const faults = listLinks(html).map((link) => findFault(page, link));
    expect(faults.filter(Boolean)).toEqual([]);
  });

  it('takes reports of problems where the repository is on the web', () => {
    expect(html.includes('>Report a problem with this page<')).toBe(Boolean(linkIssue('')));
  });

  it('uses no id twice', () => {
    const ids = [...html.matchAll(/<[a-z][^>]*? id="([^"]*)"/gi)].map(([, id]) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it('has a card of its own, in the size that others show, and its words', () => {
    const meta = readMeta(html);
    const { pathname } = new URL(meta.get('og:image') ?? '');
    expect(readSize(join(DIST, pathname))).toEqual({ width: 1200, height: 630 });
    expect(pathname).toBe(page.replace(/^\/$/, '/index/').replace(/(?:\/|\.html)$/, '.png'));
    expect(meta.get('og:image:alt')).toMatch(/.+\. .+\.$/);
    expect(meta.get('twitter:card')).toBe('summary_large_image');
  });
});

function describeTwin(page: string, html: string): void {
  it('has a twin with its headings and its tables', () => {
    const twin = readTwin(page);
    expect(listHeadings(html).filter((heading) => !twin.includes(` ${heading}\n`))).toEqual([]);
    const rows = twin.match(/^ *\|(?! ?:?-+ ?:?\|).+\|$/gm) ?? [];
    expect(rows.length).toBe(html.match(/<tr[ >]/g)?.length ?? 0);
  });
}

/** The size of a PNG, from its header. */
function readSize(file: string): { width: number; height: number } {
  const png = readFileSync(file);
  expect(png.toString('latin1', 1, 4)).toBe('PNG');
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
}

it('announces a twin on every page but the one for what is not there', () => {
  const without = listPages().filter((page) => !announcesTwin(readPage(page)));
  expect(without).toEqual(['/404.html']);
});

const patterns = listPages().filter(isPattern);

it('shows no marker of a generated block', () => {
  expect(patterns.filter((page) => readPage(page).includes('generated:'))).toEqual([]);
});

const KILOBYTE = 1000;

it.each(patterns)('%s is small', (page) => {
  expect(gzipSync(readPage(page), { level: 9 }).length).toBeLessThan(27 * KILOBYTE);
});

it.each(patterns)('%s has a twin in Markdown without what only the site can draw', (page) => {
  const twin = readTwin(page);
  expect(twin).toMatch(/^# .+\n\n> .+\n/);
  expect(twin).toContain('## Problem');
  expect(twin).not.toMatch(/<!--|^import |^<[A-Z]/m);
});

it('names every comparison and every learning path in the index for language models', () => {
  const index = readFileSync(join(DIST, 'llms.txt'), 'utf8');
  const texts = listPages().filter((page) => /^\/(?:compare|paths)\/./.test(page));
  const twins = [...texts, '/glossary/', '/changelog/'].map((page) => page.replace(/\/$/, '.md'));
  expect(twins.filter((twin) => !index.includes(twin))).toEqual([]);
});

it('names every pattern in the indexes for programs', () => {
  const index = readFileSync(join(DIST, 'llms.txt'), 'utf8');
  const { patterns: listed } = JSON.parse(readFileSync(join(DIST, 'patterns.json'), 'utf8'));
  const twins = patterns.map((page) => page.replace(/\/$/, '.md'));

  expect(twins.filter((twin) => !index.includes(twin))).toEqual([]);
  expect(listed.map(({ id }: { id: string }) => `/patterns/${id}/`)).toEqual(patterns);
  expect(listed.every(isProven)).toBe(true);
});

it('has the pages of each area in one file, and names it in the index', () => {
  const index = readFileSync(join(DIST, 'llms.txt'), 'utf8');
  const areas = Map.groupBy(patterns, (page) => page.split('/')[2] ?? '');
  for (const [area, pages] of areas) {
    expect(index).toContain(`/llms/${area}.txt)`);
    const text = readFileSync(join(DIST, `llms/${area}.txt`), 'utf8');
    const titles = pages.map((page) => readTwin(page).split('\n', 1)[0]);
    expect(titles.filter((title) => !text.includes(`${title}\n`))).toEqual([]);
    expect(text.match(/^# /gm)?.length).toBeGreaterThanOrEqual(pages.length);
  }
});

it('adds up the evidence of all patterns on the proof page', () => {
  const { patterns: listed } = JSON.parse(readFileSync(join(DIST, 'patterns.json'), 'utf8'));
  const total = (key: string) =>
    listed.reduce((sum: number, { evidence }: Listed) => sum + (evidence[key] ?? 0), 0);
  const figures = ['tests', 'failures', 'lines'].map((key) => total(key).toLocaleString('en'));
  const [, stamps = ''] = /<dl class="assay[^>]*>([\s\S]*?)<\/dl>/.exec(readPage('/proof/')) ?? [];
  const numbers = [...stamps.matchAll(/<dd[^>]*>([\d,]+)</g)].map(([, number = '']) => number);
  expect(numbers.slice(0, 3)).toEqual(figures);
});

it('lists every topic on the coverage page, and links only those that are written', () => {
  const bodies = readPage('/coverage/').match(/<tbody[^>]*>[\s\S]*?<\/tbody>/g) ?? [];
  const rows = bodies.flatMap((body) => body.split('<tr').slice(1));
  const linked = rows.filter((row) => row.includes('<a '));
  expect(rows).toHaveLength(catalogue.topics.length);
  const ids = new Set(catalogue.topics.map(({ id }) => `/patterns/${id}/`));
  expect(linked.length).toBeGreaterThanOrEqual(patterns.filter((path) => ids.has(path)).length);
  expect(linked.filter((row) => row.includes('planned'))).toEqual([]);
  expect(rows.filter((row) => row.includes('>planned<')).length).toBe(rows.length - linked.length);
});

type Listed = { evidence: Record<string, number> };

describe('the feed', () => {
  const feed = readFileSync(join(DIST, 'feed.xml'), 'utf8');
  const entries = feed.split('<entry>').slice(1).map(readEntry);

  it('has each pattern once, the newest change first', () => {
    expect(entries.map(({ id }) => new URL(id).pathname).sort()).toEqual(patterns);
    const dates = entries.map(({ updated }) => updated);
    expect(dates).toEqual([...dates].sort().reverse());
    expect(feed).toContain(`<updated>${dates[0]}</updated>`);
  });

  it('tells changed patterns from new ones', () => {
    const news = entries.map(({ published, updated }) => (updated > published ? 'Changed' : 'New'));
    expect(entries.map(({ summary }) => summary.replace(/:.*/, ''))).toEqual(news);
  });
});

it('has every page but that of no page in the sitemap, with its whole address', () => {
  const sitemap = readFileSync(join(DIST, 'sitemap-0.xml'), 'utf8');
  const addresses = [...sitemap.matchAll(/<loc>([^<]*)<\/loc>/g)].map(
    ([, address = '']) => address,
  );
  expect(addresses.map((address) => new URL(address).pathname).sort()).toEqual(
    listPages().filter((page) => page !== '/404.html'),
  );
});

function readEntry(xml: string) {
  const read = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
  return {
    id: read('id'),
    published: read('published'),
    updated: read('updated'),
    summary: read('summary'),
  };
}

const isProven = ({ evidence }: { evidence: { isFresh: boolean; tests: number } }): boolean =>
  evidence.isFresh && evidence.tests > 0;

const announcesTwin = (html: string): boolean =>
  /<link rel="alternate" type="text\/markdown"/.test(html);

/** The headings of the content itself; those of a pattern's choice come from its frontmatter. */
function listHeadings(html: string): string[] {
  const [, content = ''] = html.split('class="sl-markdown-content">');
  const headings = [...content.matchAll(/<h[23] id="[^"]*">(.*?)<\/h[23]>/g)];
  return headings.map(([, text = '']) => text.replaceAll(/<[^>]+>/g, ''));
}
