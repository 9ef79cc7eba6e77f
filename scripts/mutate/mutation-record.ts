import { z } from 'zod';
import type { Verdict } from './run-mutants.ts';

const counts = z.strictObject({
  /** Mutants that compile, equivalent ones included. */
  generated: z.number(),
  /** Caught by any test of the example. */
  caught: z.number(),
  /** Caught by the tests that a project gets with the pattern. */
  caughtByReaders: z.number(),
  equivalent: z.number(),
});

const change = z.strictObject({
  file: z.string(),
  line: z.number(),
  column: z.number(),
  operator: z.string(),
  meaning: z.string(),
  /** The changed lines, before and after. */
  was: z.string(),
  now: z.string(),
});

const recordSchema = z.strictObject({
  key: z.string(),
  files: z.record(z.string(), counts),
  /** What the reader's tests let pass. Which other test catches it depends on the machine, so it is not named. */
  survivors: z.array(change.extend({ caughtByOthers: z.literal(true).optional() })),
  equivalents: z.array(change.extend({ reason: z.string() })),
});

/** What `npm run mutate` records of an example: mutants.json. */
export type MutationRecord = z.infer<typeof recordSchema>;

/** How many mutants count, and how many of them are caught. */
export type MutationCounts = { mutants: number; caught: number; caughtByReaders: number };

/** A mutant that changes nothing that a test could see; declared in equivalent-mutants.json. */
export type Equivalent = z.infer<typeof equivalentSchema>;

const equivalentSchema = z.strictObject({
  file: z.string(),
  was: z.string(),
  now: z.string(),
  reason: z.string().min(20, 'a reason says why no test can tell the two apart'),
});

/** Reads a mutants.json; throws what is wrong with it. */
export function parseMutationRecord(text: string): MutationRecord {
  return recordSchema.parse(JSON.parse(text));
}

/** Reads an equivalent-mutants.json; throws what is wrong with it. */
export function parseEquivalents(text: string): Equivalent[] {
  return z.array(equivalentSchema).parse(JSON.parse(text));
}

/** Sums the files of a record; equivalent mutants are not counted. */
export function countMutants({ files }: MutationRecord): MutationCounts {
  const sum = { mutants: 0, caught: 0, caughtByReaders: 0 };
  for (const { generated, equivalent, caught, caughtByReaders } of Object.values(files)) {
    sum.mutants += generated - equivalent;
    sum.caught += caught;
    sum.caughtByReaders += caughtByReaders;
  }
  return sum;
}

/** The share that the reader's tests catch, in whole percent, rounded down; 100 where none counts. */
export function percentCaught({ mutants, caughtByReaders }: MutationCounts): number {
  return mutants === 0 ? 100 : Math.floor((caughtByReaders / mutants) * 100);
}

/** Makes the record of an example from its verdicts and from what is declared equivalent. */
export function buildMutationRecord(
  key: string,
  verdicts: Verdict[],
  equivalents: Equivalent[],
): MutationRecord {
  const record: MutationRecord = { key, files: {}, survivors: [], equivalents: [] };
  for (const verdict of verdicts) {
    const { path, caught, caughtByReaders } = verdict;
    record.files[path] ??= { generated: 0, caught: 0, caughtByReaders: 0, equivalent: 0 };
    const file = record.files[path];
    const changed = describeChange(verdict);
    const declared = caught ? undefined : findEquivalent(equivalents, changed);
    file.generated += 1;
    if (caught) file.caught += 1;
    if (caughtByReaders) file.caughtByReaders += 1;
    if (declared) {
      file.equivalent += 1;
      record.equivalents.push({ ...changed, reason: declared.reason });
    } else if (!caughtByReaders) {
      record.survivors.push({ ...changed, ...(caught && { caughtByOthers: true }) });
    }
  }
  return record;
}

/** Declarations that fit no mutant that survived: the code has changed, or a test catches it. */
export function findUnmatched(record: MutationRecord, equivalents: Equivalent[]): Equivalent[] {
  return equivalents.filter(({ file, was, now }) => {
    const fits = (one: MutationRecord['equivalents'][number]) =>
      one.file === file && one.was === was && one.now === now;
    return !record.equivalents.some(fits);
  });
}

type Changed = z.infer<typeof change>;

function findEquivalent(equivalents: Equivalent[], changed: Changed): Equivalent | undefined {
  return equivalents.find(
    ({ file, was, now }) => file === changed.file && was === changed.was && now === changed.now,
  );
}

/** Where a mutant is, and the whole lines that it changes, without their common indentation. */
export function describeChange({
  path,
  source,
  mutant,
}: Pick<Verdict, 'path' | 'source' | 'mutant'>): Changed {
  const { start, end, replacement, operator, meaning } = mutant;
  const before = source.slice(0, start);
  const from = before.lastIndexOf('\n') + 1;
  const lineEnd = source.indexOf('\n', end);
  const to = lineEnd === -1 ? source.length : lineEnd;
  return {
    file: path,
    line: before.split('\n').length,
    column: start - from + 1,
    operator,
    meaning,
    was: dedent(source.slice(from, to)),
    now: dedent(source.slice(from, start) + replacement + source.slice(end, to)),
  };
}

function dedent(text: string): string {
  const lines = text.split('\n');
  const indents = lines.filter((line) => line.trim()).map((line) => line.search(/\S/));
  const least = Math.min(...indents, 1_000);
  return lines
    .map((line) => line.slice(least).trimEnd())
    .join('\n')
    .trimEnd();
}
