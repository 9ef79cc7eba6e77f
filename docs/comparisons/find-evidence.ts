import type { BenchRow, Failure } from '../../scripts/engine/records.ts';
import { countMutants } from '../../scripts/mutate/mutation-record.ts';
import { nameLevel } from '../components/levels.ts';
import { sayPercentCaught } from '../mutants/mutants.ts';
import { countLines } from '../patterns/count-lines.ts';
import type { SitePattern } from '../patterns/library.ts';

type Measured = { row: BenchRow; unit: string };

/** A row of a pattern's bench; a comparison that names one which is gone fails the build. */
export function findMeasured(pattern: SitePattern, table: string, name: string): Measured {
  const found = pattern.evidence.bench?.tables.find(({ title }) => title === table);
  const row = found?.rows.find((row) => row.name === name);
  if (!found || !row)
    throw new Error(`the bench of ${pattern.id} has no row "${name}" in "${table}"`);
  return { row, unit: found.unit };
}

/** A failure that a test of the pattern proves; a comparison that names one which is gone fails the build. */
export function findFailure({ id, evidence }: SitePattern, title: string): Failure {
  const failure = evidence.proof?.failures.find((failure) => failure.title === title);
  if (!failure) throw new Error(`no test of ${id} declares the failure "${title}"`);
  return failure;
}

/** What stands for a pattern: its level, what its tests cover, and how much there is to copy. */
export function sayEvidence(pattern: SitePattern): string {
  const { data, counts, evidence } = pattern;
  const mutants = evidence.mutants && countMutants(evidence.mutants);
  return [
    `level ${nameLevel(data.level)}`,
    `${counts.failures} failures tested`,
    mutants && `${sayPercentCaught(mutants)} of mutants caught`,
    `${countLines(pattern).toLocaleString('en')} lines to copy`,
  ]
    .filter(Boolean)
    .join(', ');
}
