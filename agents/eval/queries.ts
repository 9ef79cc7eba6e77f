import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How somebody asks; `nothing` is what the library has no pattern for. */
export type QueryClass = 'keywords' | 'paraphrase' | 'error' | 'nothing';

/** A query and the patterns that answer it. The search was tuned on `tune` and never on `held`. */
export type Query = {
  query: string;
  class: QueryClass;
  split: 'tune' | 'held';
  expect: string[];
};

/** The queries of the eval. */
export function readQueries(): Query[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'queries.json'), 'utf8')) as Query[];
}
