import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openBuilt } from '../../agents/eval/open-built.ts';
import { readQueries } from '../../agents/eval/queries.ts';
import { createSearch } from '../../agents/library/search.ts';
import { openSearch } from '../search/open-search.ts';
import { DIST, isPattern } from './helpers/built-site.ts';

const data = JSON.parse(readFileSync(join(DIST, 'search.json'), 'utf8'));
const ask = openSearch(data);

it('has the index of the package, so that both answer alike', () => {
  const library = openBuilt();
  expect(data.index).toEqual(library.readSearchIndex());
  const search = createSearch(library);
  const different = readQueries().filter(({ query }) => {
    const found = ask(query).answers.map(({ href }) => href);
    const hits = search(query).hits.map(({ pattern }) => `/patterns/${pattern.id}/`);
    return `${found.filter(isPattern)}` !== `${hits}`;
  });
  expect(different).toEqual([]);
});
