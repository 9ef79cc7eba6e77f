import MiniSearch from 'minisearch';
import { ROOT } from '../../scripts/files/root.ts';
import { makeDistractors } from '../eval/make-distractors.ts';
import { openBuilt } from '../eval/open-built.ts';
import { readQueries } from '../eval/queries.ts';
import type { IndexedPattern } from '../generate/index-search.ts';
import { readTopics } from '../generate/read-topics.ts';
import { createSearch } from '../library/search.ts';

/** `node agents/bench/search.ts`: how long a search takes among 150 patterns, beside two others. */
const PATTERNS = 150;
const ROUNDS = 20;

const pages: { id: string; text: string }[] = [];
const library = openBuilt((own) => {
  const made = makeDistractors(own, { topics: readTopics(ROOT), count: PATTERNS - own.length });
  pages.push(...[...own, ...made].map(toPage));
  return made;
});
const queries = readQueries().map(({ query }) => query);
const text = JSON.stringify(library.readSearchIndex());

const mini = new MiniSearch({ fields: ['text'] });
mini.addAll(pages);
const miniText = JSON.stringify(mini);

const search = createSearch(library);
const rows = {
  'this search': measure((query) => search(query)),
  'MiniSearch, defaults': measure((query) => mini.search(query)),
  'a scan for each word': measure(scan),
};
const base = rows['this search'].p50;
console.table(
  Object.fromEntries(
    Object.entries(rows).map(([name, { p50, p95 }]) => [
      name,
      { 'p50 ms': round(p50), 'p95 ms': round(p95), 'p50 ratio': round(p50 / base) },
    ]),
  ),
);
const loads = {
  'this search': {
    ms: time(() => createSearch({ ...library, readSearchIndex: () => JSON.parse(text) })),
    kB: text.length / 1_000,
  },
  'MiniSearch, defaults': {
    ms: time(() => MiniSearch.loadJSON(miniText, { fields: ['text'] })),
    kB: miniText.length / 1_000,
  },
};
console.log('loading the index');
console.table(loads);

function toPage({ id, body, data }: IndexedPattern) {
  const { title, summary, symptoms, keywords } = data;
  return { id, text: [title, summary, ...Object.keys(symptoms), ...keywords, body].join('\n') };
}

/** Counts the words of the query that a page has. */
function scan(query: string): unknown {
  const words = query.toLowerCase().split(/\W+/);
  return pages
    .map((page) => ({ page, found: words.filter((word) => page.text.includes(word)).length }))
    .sort((a, b) => b.found - a.found);
}

function measure(ask: (query: string) => unknown) {
  for (const query of queries) ask(query);
  const times = Array.from({ length: ROUNDS }, () => queries.map((query) => time(() => ask(query))))
    .flat()
    .sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? 0;
  return { p50: at(0.5), p95: at(0.95) };
}

function time(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
