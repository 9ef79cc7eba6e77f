import type { FileProof, Proof } from '../engine/records.ts';

/**
 * What a committed proof says that a fresh run does not bear out, a sentence each. Of the tests
 * named for a line, one that ran it again is enough: which of two racing requests takes the
 * slower branch is not the same in each run.
 */
export function compareProofs(committed: Proof, fresh: Proof): string[] {
  const faults: string[] = [];
  const compare = (what: string, a: unknown, b: unknown) => {
    if (JSON.stringify(a) !== JSON.stringify(b)) faults.push(`${what} changed`);
  };
  compare('the sources', committed.hash, fresh.hash);
  compare('the tests', committed.tests, fresh.tests);
  compare('the failures', committed.failures, fresh.failures);
  compare('the unproven lines', committed.unproven, fresh.unproven);
  for (const name of union(committed.outputs, fresh.outputs))
    compare(`the output of ${name}.ts`, committed.outputs[name], fresh.outputs[name]);
  if (faults.length === 0) faults.push(...compareLines(committed, fresh));
  return faults;
}

function compareLines(committed: Proof, fresh: Proof): string[] {
  const faults: string[] = [];
  for (const path of union(committed.files, fresh.files)) {
    const [before, after] = [listTests(committed.files[path]), listTests(fresh.files[path])];
    for (const line of new Set([...before.keys(), ...after.keys()])) {
      const again = before.get(line)?.intersection(after.get(line) ?? new Set());
      if (!again?.size) faults.push(`${path}:${line} was run by other tests`);
    }
  }
  return faults;
}

/** By line, the tests that ran it; a file that is proven as a whole is one line. */
function listTests(proof: FileProof | undefined): Map<string, Set<number>> {
  const tests = new Map<string, Set<number>>();
  if (!proof) return tests;
  const ranges =
    proof.kind === 'executed' ? Object.entries(proof.lines) : [['1', proof.tests] as const];
  for (const [lines, set] of ranges)
    for (const line of readRanges(lines)) tests.set(`${line}`, new Set(readRanges(set)));
  return tests;
}

/** `0-3 7` is 0, 1, 2, 3 and 7. */
function readRanges(text: string): number[] {
  return text.split(' ').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function union(...records: object[]): Set<string> {
  return new Set(records.flatMap((record) => Object.keys(record)));
}
