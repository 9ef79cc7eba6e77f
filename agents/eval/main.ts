import { createScorer } from '../library/score-pages.ts';
import { createSearch, findLeast } from '../library/search.ts';
import { openBuilt } from './open-built.ts';
import { readQueries } from './queries.ts';
import { runEval } from './run-eval.ts';

/** `node agents/eval/main.ts` prints the eval; with a query behind it, how that is scored. */
const library = openBuilt();
const [query] = process.argv.slice(2);
if (query === undefined) printEval();
else printScore(query);

function printEval(): void {
  const search = createSearch(library);
  for (const split of ['tune', 'held'] as const) {
    const queries = readQueries().filter((asked) => asked.split === split);
    console.log(split);
    console.table(runEval(search, queries));
  }
}

function printScore(text: string): void {
  const scorePages = createScorer(library.readSearchIndex());
  const { words, pages, topic } = scorePages(text);
  const best = pages.slice(0, 3);
  console.table(
    words.map(({ word, weight, strengths }) => ({
      word,
      says: Number(weight.toFixed(2)),
      ...Object.fromEntries(best.map(({ id }) => [id, strengths.get(id) ?? 0])),
    })),
  );
  const { outcome, planned } = createSearch(library)(text);
  console.log(outcome, planned?.id ?? '');
  for (const page of best) {
    const least = findLeast(page, topic);
    const verdict = page.score < least ? 'is below' : 'reaches';
    console.log(`${page.score.toFixed(2)} ${verdict} ${least.toFixed(2)}: ${page.id}`);
  }
}
