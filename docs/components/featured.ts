import type { Bench, Proof } from '../../scripts/engine/records.ts';
import type { SitePattern } from '../patterns/library.ts';

/** What the home page shows of one pattern; all of it is in the pattern's records. */
const FEATURED = {
  id: 'jobs/background-jobs',
  failure: 'A worker is killed with SIGKILL in the middle of a job',
  bench: 'Jobs a second, 4 workers',
  failing: ['the job runs: 2 times', 'the next worker finds: nothing', 'jobs for it: 1'],
  surviving: [
    'GET /orders/1, a moment later: it has an invoice',
    'its lease ends, GET /orders/2: it has an invoice',
    'orders: 2, invoices: 2',
  ],
};

/** A line that a program printed; `counts` when it is what the program is about. */
export type PrintedLine = { text: string; counts: boolean };

/** A pattern with what the home page shows of it. */
export type Featured = {
  pattern: SitePattern;
  failure: Proof['failures'][number] & { name: string };
  naive: PrintedLine[];
  own: PrintedLine[];
  bench: Bench['tables'][number];
};

/** Finds what the home page shows in the records; throws when they no longer have it. */
export function findFeatured(patterns: SitePattern[]): Featured {
  const pattern = need(
    patterns.find(({ id }) => id === FEATURED.id),
    FEATURED.id,
  );
  const proof = need(pattern.evidence.proof, 'proof.json');
  const { failures, tests, outputs } = proof;
  const failure = need(
    failures.find(({ title }) => title === FEATURED.failure),
    FEATURED.failure,
  );
  const { tables = [] } = pattern.evidence.bench ?? {};
  return {
    pattern,
    failure: { ...failure, name: need(tests[failure.test], FEATURED.failure) },
    naive: markLines(outputs['naive-demo'], FEATURED.failing),
    own: markLines(outputs.demo, FEATURED.surviving),
    bench: need(
      tables.find(({ title }) => title === FEATURED.bench),
      FEATURED.bench,
    ),
  };
}

function markLines(output: string | undefined, counting: string[]): PrintedLine[] {
  const lines = need(output, 'its output').split('\n');
  for (const text of counting)
    need(
      lines.find((line) => line === text),
      text,
    );
  return lines.map((text) => ({ text, counts: counting.includes(text) }));
}

function need<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined)
    throw new Error(`the home page shows ${name} of ${FEATURED.id}, which no longer has it`);
  return value;
}
