import { select, selectAll, toText } from '@astrojs/starlight/expressive-code/hast';
import { fromHtml } from 'hast-util-from-html';
import { describe, expect, it } from 'vitest';
import { listPages, readPage } from './helpers/built-site.ts';

describe.each(listPages().filter((page) => /^\/compare\/./.test(page)))('%s', (page) => {
  const tree = fromHtml(readPage(page));
  const rows = selectAll('.sl-markdown-content tbody tr', tree);

  it('has a source, a test or a bench behind every cell', () => {
    const cells = rows.flatMap((row) => selectAll('td', row).slice(1));
    expect(cells.length).toBeGreaterThan(10);
    expect(cells.filter((cell) => !select('a[href]', cell)).map((cell) => toText(cell))).toEqual(
      [],
    );
  });

  it('has figures of a bench, and says what the library has', () => {
    const figures = selectAll('td a[href$="#performance"]', tree).map((link) => toText(link));
    expect(figures.filter((figure) => /^[\d,.]+ .+/.test(figure)).length).toBeGreaterThan(3);
    expect(toText(tree)).toMatch(/level \d [a-z-]+, \d+ failures tested/);
    const said = rows.find((row) => toText(row).includes('In this library'));
    for (const cell of selectAll('td', said).slice(1))
      expect(toText(cell)).toMatch(/failures tested|planned/);
  });
});
