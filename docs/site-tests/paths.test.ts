import { select, selectAll, toText } from '@astrojs/starlight/expressive-code/hast';
import { fromHtml } from 'hast-util-from-html';
import { describe, expect, it } from 'vitest';
import { learningPaths } from '../paths/learning-paths.ts';
import { isPattern, listPages, readPage } from './helpers/built-site.ts';

describe.each(learningPaths)('the page of the path $title', ({ slug, steps }) => {
  const html = readPage(`/paths/${slug}/`);
  const items = selectAll('.sl-markdown-content ol > li', fromHtml(html));
  const links = items.map((item) => select('a', item)?.properties.href);

  it('has each step, and links to those that are written', () => {
    expect(items).toHaveLength(steps.length);
    const pages = steps.map(({ id }) => `/patterns/${id}/`);
    const written = listPages().filter(isPattern);
    expect(links).toEqual(pages.map((page) => (written.includes(page) ? page : undefined)));
    const planned = items.filter((item) => toText(item).includes('(planned)'));
    expect(planned).toHaveLength(links.filter((link) => !link).length);
  });

  it('says how many are written, and adds them with one command', () => {
    const ids = links.flatMap((link) => (link ? `${link}`.slice('/patterns/'.length, -1) : []));
    expect(html).toContain(`${ids.length} of ${steps.length} written`);
    expect(html).toContain(`add ${ids.join(' ')} --with-tests</code>`);
    expect(readPage('/paths/')).toContain(`(${ids.length} of ${steps.length} written)`);
  });
});
