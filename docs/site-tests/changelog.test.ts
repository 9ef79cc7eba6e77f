import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { selectAll, toText } from '@astrojs/starlight/expressive-code/hast';
import { fromHtml } from 'hast-util-from-html';
import { expect, it } from 'vitest';
import { readCommits } from '../patterns/commits.ts';
import { DIST, isPattern, listPages, readPage } from './helpers/built-site.ts';

const commits = readCommits(join(import.meta.dirname, '../..'));
const items = selectAll('.sl-markdown-content h2 ~ ul > li', fromHtml(readPage('/changelog/')));
const listLinks = (news: RegExp) =>
  items
    .filter((item) => news.test(toText(item)))
    .flatMap((item) => selectAll('a', item).map(({ properties }) => `${properties.href}`));

it('lists each pattern that was committed as new once', () => {
  const isCommitted = (page: string) => commits.has(`${page.slice(1, -1)}.md`);
  expect(listLinks(/^New:/).sort()).toEqual(listPages().filter(isPattern).filter(isCommitted));
});

it('lists as changed only what the feed has as changed, and no pattern twice', () => {
  const feed = readFileSync(join(DIST, 'feed.xml'), 'utf8').split('<entry>').slice(1);
  const changed = feed
    .filter((entry) => entry.includes('term="changed"'))
    .map((entry) => new URL(/<id>(.*)<\/id>/.exec(entry)?.[1] ?? '').pathname);
  const listed = listLinks(/changed:/);
  expect(listed.filter((page) => !changed.includes(page))).toEqual([]);
  expect(new Set(listed).size).toBe(listed.length);
});

it('says so when the site was built without history', () => {
  const isWithout = readPage('/changelog/').includes('built without the git history');
  expect(isWithout).toBe(commits.size === 0);
});
