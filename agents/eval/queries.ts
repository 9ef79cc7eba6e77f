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

/**
 * `queries` were written by people who know the pages. `searches` were written without them, after
 * what developers type and paste elsewhere; halves of each class, chosen by a hash, are held.
 */
const FILES = ['queries', 'searches'] as const;

/** The queries of the eval. Once the page of its topic is there, a query is no longer one for nothing. */
export function readQueries(files: readonly (typeof FILES)[number][] = FILES): Query[] {
  const written = listPatternIds(ROOT);
  return files
    .flatMap((file) => {
      const text = readFileSync(join(import.meta.dirname, `${file}.json`), 'utf8');
      return JSON.parse(text) as Query[];
    })
    .filter(({ topic }) => topic === undefined || !written.includes(topic));
}

/** The classes of the report: `nothing` is split in topics without a page yet, and all else. */
export type ReportClass = Exclude<QueryClass, 'nothing'> | 'planned' | 'far';

/** The class of a query in the report. */
export function classify(query: Query): ReportClass {
  if (query.class !== 'nothing') return query.class;
  return query.topic === undefined ? 'far' : 'planned';
}
