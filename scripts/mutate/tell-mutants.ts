import { paint } from '../command-line/paint.ts';
import { describeCount } from '../text/describe-count.ts';
import {
  countMutants,
  type Equivalent,
  type MutationRecord,
  percentCaught,
} from './mutation-record.ts';
import type { Verdict } from './run-mutants.ts';

type Survivor = MutationRecord['survivors'][number];

/** A survivor as a person reads it: where, what it means, the lines before and after, who looked. */
export function tellSurvivor(id: string, survivor: Survivor, verdict: Verdict): string {
  const { file, line, column, operator, meaning, was, now } = survivor;
  const place = `examples/${id}/${file}:${line}:${column}`;
  return [
    `${paint('bold', place)}  ${operator}: ${meaning}`,
    ...was.split('\n').map((text) => paint('red', `  - ${text}`)),
    ...now.split('\n').map((text) => paint('green', `  + ${text}`)),
    `  ${describeTests(verdict)}`,
  ].join('\n');
}

function describeTests({ asked, caught }: Verdict): string {
  if (caught) return `no test that readers copy notices it; ${caught.file} > ${caught.test} does`;
  return `${describeCount(asked, 'test')} passed that can have run this place: one of them asserts too little, or the line does nothing`;
}

/** A declaration that fits nothing any more. */
export function tellUnmatched(id: string, { file, was, now }: Equivalent): string {
  return `examples/${id}/equivalent-mutants.json: no surviving mutant of ${file} turns ${JSON.stringify(was)} into ${JSON.stringify(now)}; remove the declaration`;
}

/** `287 of 301 mutants caught (95 %), 262 by the tests that readers copy (87 %)`. */
export function tellCounts(record: MutationRecord): string {
  const counts = countMutants(record);
  const { mutants, caught, caughtByReaders } = counts;
  const all = percentCaught({ ...counts, caughtByReaders: caught });
  const equivalent = record.equivalents.length;
  return (
    `${caught} of ${describeCount(mutants, 'mutant')} caught (${all} %), ` +
    `${caughtByReaders} by the tests that readers copy (${percentCaught(counts)} %)` +
    (equivalent > 0 ? `, ${equivalent} equivalent` : '')
  );
}

/** What there is to ask, and what an earlier run found out already. */
export function tellKnown(id: string, mutants: number, known: number): string {
  const found = `${id}: ${describeCount(mutants, 'mutant')}`;
  const before = known > 0 ? `, ${known} known from an earlier run` : '';
  const next = known < mutants ? '; running the tests once as they are' : '';
  return found + before + next;
}

/** Prints a sign of life: a line that lives in a terminal, one for each tenth in a log. */
export function showProgress(total: number): (verdict: Verdict) => void {
  const started = performance.now();
  let done = 0;
  let caught = 0;
  return function tell(verdict) {
    done += 1;
    if (verdict.caught) caught += 1;
    const minutes = (performance.now() - started) / 60_000;
    const line = `${done} of ${total} mutants, ${caught} caught, ${Math.round(done / minutes)} a minute`;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${line}${done === total ? '\n' : ''}`);
    else if (done === total || done % Math.ceil(total / 10) === 0) console.error(line);
  };
}
