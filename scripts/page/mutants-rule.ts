import type { Finding, FindingCode } from '../engine/findings.ts';
import { describeFault, type ReadRecord } from '../engine/read-record.ts';
import {
  countMutants,
  type Equivalent,
  findUnmatched,
  type MutationRecord,
  parseEquivalents,
  parseMutationRecord,
  percentCaught,
} from '../mutate/mutation-record.ts';
import { examplePath } from '../pattern/ids.ts';

/** The texts of an example's mutants.json and equivalent-mutants.json, and what its page claims. */
export type MutantsInput = {
  id: string;
  level: number;
  /** Finds where the page claims its level: only a fault needs it. */
  locateClaim: () => { file: string; line: number; column: number };
  mutants: string | undefined;
  equivalents: string | undefined;
  /** The key of the sources as they are. */
  key: string;
};

/** What a page of level 4 needs, in percent of the mutants that count. */
export const LEAST_CAUGHT = 90;

/** Checks the mutation record of an example, and whether its page may claim its level. */
export function checkMutants(input: MutantsInput): Finding[] {
  const { id, mutants, equivalents, key } = input;
  const fix = `npm run mutate -- ${id}`;
  const at = (name: string) => ({ file: examplePath(id, name), line: 1, column: 1 });
  const record = read(mutants, parseMutationRecord);
  const declared = read(equivalents, parseEquivalents);
  if (record.fault !== undefined) {
    const message = `mutants.json is not what the mutation run writes: ${record.fault}`;
    return [{ code: 'mutants-invalid', ...at('mutants.json'), message, fix }];
  }
  if (declared.fault !== undefined) {
    const message = `the declarations cannot be read: ${declared.fault}`;
    const place = at('equivalent-mutants.json');
    return [
      { code: 'equivalents-invalid', ...place, message, fix: 'write file, was, now, reason' },
    ];
  }
  if (record.value && record.value.key !== key) {
    const message = 'the sources of the example are not those that its mutants were made of';
    return [{ code: 'mutants-stale', ...at('mutants.json'), message, fix }];
  }
  return [...checkClaim(input, record.value), ...checkDeclared(id, record.value, declared.value)];
}

function checkClaim({ id, level, locateClaim }: MutantsInput, record?: MutationRecord): Finding[] {
  if (level < 4) return [];
  const fix = `write \`level: 3\`, or catch more: npm run mutate -- ${id}`;
  const report = (message: string): Finding[] => [{ code: LEVEL, ...locateClaim(), message, fix }];
  if (!record) return report('level 4 needs a mutation record, and there is no mutants.json');
  const counts = countMutants(record);
  const percent = percentCaught(counts);
  if (percent >= LEAST_CAUGHT) return [];
  const { caughtByReaders, mutants } = counts;
  return report(
    `level 4 needs ${LEAST_CAUGHT} % of the mutants caught by the tests that readers copy, ` +
      `and ${caughtByReaders} of ${mutants} are (${percent} %): this page may claim level 3`,
  );
}

const LEVEL: FindingCode = 'mutants-survive';

function checkDeclared(
  id: string,
  record?: MutationRecord,
  declared: Equivalent[] = [],
): Finding[] {
  const unmatched = record ? findUnmatched(record, declared) : declared;
  return unmatched.map(({ file, was }) => ({
    code: 'equivalent-unmatched',
    file: examplePath(id, 'equivalent-mutants.json'),
    line: 1,
    column: 1,
    message: `mutants.json has no survivor of ${file} that changes ${JSON.stringify(was)}`,
    fix: `remove the declaration, or record it: npm run mutate -- ${id}`,
  }));
}

function read<T>(text: string | undefined, parse: (text: string) => T): Partial<ReadRecord<T>> {
  if (text === undefined) return {};
  try {
    return { value: parse(text) };
  } catch (error) {
    return { fault: describeFault(error) };
  }
}
