import {
  countMutants,
  type MutationCounts,
  type MutationRecord,
  parseMutationRecord,
  percentCaught,
} from '../../scripts/mutate/mutation-record.ts';

/** A mutant that the reader's tests let pass. */
export type Survivor = MutationRecord['survivors'][number];

/** A mutant that no test can notice, and why. */
export type EquivalentMutant = MutationRecord['equivalents'][number];

/** The mutants of one file that a page lists. */
export type FileMutants = {
  file: string;
  survived: Survivor[];
  caughtByOthers: Survivor[];
  equivalents: EquivalentMutant[];
};

/** A record of mutants, if it was made of the sources with this key; `npm run check` reports one that is stale or cannot be read. */
export function readMutants(text: string | undefined, key: string): MutationRecord | undefined {
  if (text === undefined) return undefined;
  try {
    const record = parseMutationRecord(text);
    return record.key === key ? record : undefined;
  } catch {
    return undefined;
  }
}

/** A link to the page of a pattern's mutants: `287 of 301 mutants caught`; undefined without a record. */
export function linkMutants(
  id: string,
  record: MutationRecord | undefined,
): { href: string; text: string } | undefined {
  return record && { href: mutantsAddress(id), text: sayCaught(countMutants(record)) };
}

/** The address of the page that lists the mutants of a pattern. */
export const mutantsAddress = (id: string): string => `/proof/${id}/`;

/** `287 of 301 mutants caught`, by all tests. */
export function sayCaught({ mutants, caught }: MutationCounts): string {
  return `${caught.toLocaleString('en')} of ${mutants.toLocaleString('en')} mutants caught`;
}

/** `287 of 301 (95 %)`, by all tests. */
export function sayShareCaught({ mutants, caught }: MutationCounts): string {
  return sayShare(caught, mutants);
}

/** `262 of 301 (87 %)`, by the tests that readers copy. */
export function sayShareOfReaders({ mutants, caughtByReaders }: MutationCounts): string {
  return sayShare(caughtByReaders, mutants);
}

/** `95 %` of the mutants, by all tests. */
export const sayPercentCaught = ({ mutants, caught }: MutationCounts): string =>
  sayPercent(caught, mutants);

function sayShare(caught: number, mutants: number): string {
  const percent = sayPercent(caught, mutants);
  return `${caught.toLocaleString('en')} of ${mutants.toLocaleString('en')} (${percent})`;
}

const sayPercent = (caught: number, mutants: number): string =>
  `${percentCaught({ mutants, caught, caughtByReaders: caught })}\u00a0%`;

/** The counts of several records together. */
export function sumMutants(records: MutationRecord[]): MutationCounts {
  const sum = { mutants: 0, caught: 0, caughtByReaders: 0 };
  for (const { mutants, caught, caughtByReaders } of records.map(countMutants)) {
    sum.mutants += mutants;
    sum.caught += caught;
    sum.caughtByReaders += caughtByReaders;
  }
  return sum;
}

/** The mutants of several records in the four parts of MUTANT_PARTS. */
export function splitMutants(records: MutationRecord[]): number[] {
  const { mutants, caught, caughtByReaders } = sumMutants(records);
  const equivalent = records.reduce((sum, { equivalents }) => sum + equivalents.length, 0);
  return [caughtByReaders, caught - caughtByReaders, mutants - caught, equivalent];
}

/** What became of a mutant. */
export const MUTANT_PARTS = [
  'caught by the tests that you copy',
  'caught by other tests only',
  'survived',
  'equivalent',
];

/** The files that have mutants to list, as the record has them. */
export function groupMutants({ files, survivors, equivalents }: MutationRecord): FileMutants[] {
  return Object.keys(files)
    .map((file) => {
      const passed = survivors.filter((survivor) => survivor.file === file);
      return {
        file,
        survived: passed.filter((survivor) => !survivor.caughtByOthers),
        caughtByOthers: passed.filter((survivor) => survivor.caughtByOthers),
        equivalents: equivalents.filter((equivalent) => equivalent.file === file),
      };
    })
    .filter(({ survived, caughtByOthers, equivalents }) =>
      [survived, caughtByOthers, equivalents].some(({ length }) => length > 0),
    );
}
