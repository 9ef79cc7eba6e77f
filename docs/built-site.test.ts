import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  DIST,
  findFault,
  isPattern,
  listLinks,
  listPages,
  readPage,
  readTwin,
} from './testing/built-site.ts';

describe.each(listPages())('the built page %s', (page) => {
  const html = readPage(page);

  it.runIf(announcesTwin(html))('has a twin with its headings and its tables', () => {
    const twin = readTwin(page);
    expect(listHeadings(html).filter((heading) => !twin.includes(` ${heading}\n`))).toEqual([]);
    const rows = twin.match(/^ *\|(?! ?:?-+ ?:?\|).+\|$/gm) ?? [];
    expect(rows.length).toBe(html.match(/<tr[ >]/g)?.length ?? 0);
  });

  it('has only links that lead somewhere', () => {
    const faults = listLinks(html).map((link) => findFault(page, link));
    expect(faults.filter(Boolean)).toEqual([]);
  });

  it('uses no id twice', () => {
    const ids = [...html.matchAll(/<[a-z][^>]*? id="([^"]*)"/gi)].map(([, id]) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });
});

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
  expect(gzipSync(readPage(page), { level: 9 }).length).toBeLessThan(25 * KILOBYTE);
});

it.each(patterns)('%s has a twin in Markdown without what only the site can draw', (page) => {
  const twin = readTwin(page);
  expect(twin).toMatch(/^# .+\n\n> .+\n/);
  expect(twin).toContain('## Problem');
  expect(twin).not.toMatch(/<!--|^import |^<[A-Z]/m);
});

it('names every pattern in the indexes for programs', () => {
  const index = readFileSync(join(DIST, 'llms.txt'), 'utf8');
  const { patterns: listed } = JSON.parse(readFileSync(join(DIST, 'patterns.json'), 'utf8'));
  const twins = patterns.map((page) => page.replace(/\/$/, '.md'));

  expect(twins.filter((twin) => !index.includes(twin))).toEqual([]);
  expect(listed.map(({ id }: { id: string }) => `/patterns/${id}/`)).toEqual(patterns);
  expect(listed.every(isProven)).toBe(true);
});

const isProven = ({ evidence }: { evidence: { isFresh: boolean; tests: number } }): boolean =>
  evidence.isFresh && evidence.tests > 0;

const announcesTwin = (html: string): boolean =>
  /<link rel="alternate" type="text\/markdown"/.test(html);

/** The headings that stand in the content itself; those of a pattern's choice come from its frontmatter. */
function listHeadings(html: string): string[] {
  const [, content = ''] = html.split('class="sl-markdown-content">');
  const headings = [...content.matchAll(/<h[23] id="[^"]*">(.*?)<\/h[23]>/g)];
  return headings.map(([, text = '']) => text.replaceAll(/<[^>]+>/g, ''));
}
