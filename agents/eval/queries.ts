import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/files/root.ts';
import { listPatternIds } from '../../scripts/pattern/list-pattern-ids.ts';

/** How somebody asks; `nothing` is what the library has no pattern for. */
export type QueryClass = 'keywords' | 'paraphrase' | 'error' | 'nothing';

/** A query and the patterns that answer it. The search was tuned on `tune` and never on `held`. */
export type Query = {
  query: string;
  class: QueryClass;
  split: 'tune' | 'held';
  expect: string[];
  /** Of `nothing`: the topic of the catalogue whose page will answer it. */
  topic?: string;
};

/** The queries of the eval. Once the page of its topic is there, a query is no longer one for nothing. */
export function readQueries(): Query[] {
  const text = readFileSync(join(import.meta.dirname, 'queries.json'), 'utf8');
  const written = listPatternIds(ROOT);
  return (JSON.parse(text) as Query[]).filter(
    ({ topic }) => topic === undefined || !written.includes(topic),
  );
}
