import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { findFault, listLinks, listPages, readPage } from './testing/built-site.ts';

describe.each(listPages())('the built page %s', (page) => {
  const html = readPage(page);

  it('has only links that lead somewhere', () => {
    const faults = listLinks(html).map((link) => findFault(page, link));
    expect(faults.filter(Boolean)).toEqual([]);
  });

  it('uses no id twice', () => {
    const ids = [...html.matchAll(/<[a-z][^>]*? id="([^"]*)"/gi)].map(([, id]) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });
});

const patterns = listPages().filter((page) => page.startsWith('/patterns/'));

it('shows no marker of a generated block', () => {
  expect(patterns.filter((page) => readPage(page).includes('generated:'))).toEqual([]);
});

const KILOBYTE = 1000;

it.each(patterns)('%s is small', (page) => {
  expect(gzipSync(readPage(page), { level: 9 }).length).toBeLessThan(25 * KILOBYTE);
});
