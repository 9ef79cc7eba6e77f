import { touches } from '../proof/executed.ts';
import type { TestRecord } from '../proof/test-report.ts';
import type { Question } from './lane.ts';
import type { Mutant } from './mutant.ts';

/** Tests to ask together, of one file. `isReaders`: a project gets this file with the pattern. */
export type Ask = Omit<Question, 'inCopy' | 'asItIs'> & { isReaders: boolean };

/** A hang is called one after this long, however fast the test usually is. */
const LEAST_LIMIT_MS = 4_000;
const TIMES_AS_LONG = 5;

/** Whether a test ran the place of a mutant, by the record of the proof. */
export type MutantPlace = { path: string; mutant: Pick<Mutant, 'start' | 'end'> };

/**
 * The tests that ran the place, in the order in which they are asked: first what readers copy,
 * and of that the fastest. What ran when a test file was loaded, as a constant did, all tests of
 * that file may depend on. What no test ran in its own process can have run in a program or a
 * worker thread that a test started: then all are asked.
 */
export function chooseTests(
  place: MutantPlace,
  records: TestRecord[],
  readersFiles: ReadonlySet<string>,
): Ask[] {
  const loaders = records.filter(({ loaded }) => touchesPlace(loaded, place));
  const files = new Set(loaders.map(({ file }) => file));
  const ran = records.filter((record) => files.has(record.file) || ranPlace(record, place));
  return toAsks(ran.length > 0 ? ran : records, readersFiles);
}

/** The order in which tests are asked. */
export function toAsks(records: TestRecord[], readersFiles: ReadonlySet<string>): Ask[] {
  const readers = records.filter(({ file }) => readersFiles.has(file));
  const others = records.filter(({ file }) => !readersFiles.has(file));
  return [...partByTime(readers, true), ...partByTime(others, false)];
}

function ranPlace({ executed, evidence }: TestRecord, place: MutantPlace): boolean {
  return evidence.has(place.path) || touchesPlace(executed, place);
}

function touchesPlace(spans: TestRecord['executed'], { path, mutant }: MutantPlace): boolean {
  return touches(spans.get(path) ?? [], [mutant.start, Math.max(mutant.end, mutant.start + 1)]);
}

/** A file's tests are asked in two parts: the fastest third alone find most of what can be found. */
function partByTime(records: TestRecord[], isReaders: boolean): Ask[] {
  const files = Map.groupBy(records, ({ file }) => file);
  const parts = [...files].flatMap(([file, ofFile]) => {
    const fastest = ofFile.toSorted((a, b) => a.milliseconds - b.milliseconds);
    const third = Math.ceil(fastest.length / 3);
    return [fastest.slice(0, third), fastest.slice(third)]
      .filter((part) => part.length > 0)
      .map((part) => ({ file, part, time: sum(part) }));
  });
  return parts
    .sort((a, b) => a.time - b.time)
    .map(({ file, part }) => ({ file, isReaders, tests: new Map(part.map(toLimit)) }));
}

function toLimit({ fullName, milliseconds }: TestRecord): [name: string, limit: number] {
  return [fullName, LEAST_LIMIT_MS + TIMES_AS_LONG * milliseconds];
}

function sum(records: TestRecord[]): number {
  return records.reduce((total, { milliseconds }) => total + milliseconds, 0);
}
