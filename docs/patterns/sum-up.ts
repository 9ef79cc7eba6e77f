import type { MutationRecord } from '../../scripts/mutate/mutation-record.ts';
import { describeCount } from '../../scripts/text/describe-count.ts';
import { sayPercentCaught, sumMutants } from '../mutants/mutants.ts';
import { sumCounts } from './evidence.ts';
import type { SitePattern } from './library.ts';

/** The records of mutants that are of the present sources. */
export const listMutants = (patterns: SitePattern[]): MutationRecord[] =>
  patterns.flatMap(({ evidence }) => evidence.mutants ?? []);

/** What is proven of some patterns together: numbers, and what each counts. */
export function sumUp(patterns: SitePattern[]): { number: string; name: string }[] {
  const { tests, failures, lines } = sumCounts(patterns.map(({ counts }) => counts));
  const records = listMutants(patterns);
  return [
    { number: tests.toLocaleString('en'), name: 'tests' },
    { number: failures.toLocaleString('en'), name: 'failures tested' },
    { number: lines.toLocaleString('en'), name: 'lines covered' },
    ...(records.length > 0
      ? [{ number: sayPercentCaught(sumMutants(records)), name: 'of mutants caught' }]
      : []),
  ];
}

/** The same in a line: `2 patterns, 120 tests, 20 failures tested, …`. */
export function sayTotals(patterns: SitePattern[]): string {
  const sums = sumUp(patterns).map(({ number, name }) => `${number} ${name}`);
  return [describeCount(patterns.length, 'pattern'), ...sums].join(', ');
}
