import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/files/root.ts';
import { readTopics } from '../generate/read-topics.ts';
import { createSearch, type Search } from '../library/search.ts';
import { makeDistractors } from './make-distractors.ts';
import { openBuilt } from './open-built.ts';
import { type Query, type QueryClass, readQueries } from './queries.ts';
import { runEval } from './run-eval.ts';

const queries = readQueries(['queries']);
const held = queries.filter(({ split }) => split === 'held');
const report = (search: Search, asked: Query[]) => runEval(search, asked);

describe('the search of the library', () => {
  let search: Search;
  beforeAll(() => {
    search = createSearch(openBuilt());
  });

  it.each<[QueryClass, number]>([
    ['keywords', 0.97],
    ['error', 0.9],
    ['paraphrase', 0.83],
    ['nothing', 0.75],
  ])('answers of all %s a share of %d or more', (name, least) => {
    expect(report(search, queries)[name].firstThree).toBeGreaterThanOrEqual(least);
  });

  it.each<[QueryClass, number]>([
    ['keywords', 0.96],
    ['error', 0.86],
    ['paraphrase', 0.75],
    ['nothing', 0.71],
  ])('answers of the %s that it was not tuned on %d or more', (name, least) => {
    expect(report(search, held)[name].firstThree).toBeGreaterThanOrEqual(least);
  });

  it('answers in 300 tokens on average', () => {
    for (const { tokens } of Object.values(report(search, queries)))
      expect(tokens).toBeLessThanOrEqual(300);
  });
});

describe('the search of a library of 120 patterns or more', () => {
  it('finds the same, and its threshold holds', () => {
    const topics = readTopics(ROOT);
    const library = openBuilt((own) =>
      makeDistractors(own, { topics, count: Math.max(0, 120 - own.length) }),
    );
    const search = createSearch(library);
    const scores = report(search, queries);
    const small = report(createSearch(openBuilt()), queries);
    for (const name of ['keywords', 'error', 'paraphrase'] as const)
      expect(small[name].firstThree - scores[name].firstThree).toBeLessThanOrEqual(0.05);
  });
});
