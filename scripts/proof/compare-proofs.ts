import { readRanges } from '../engine/info.ts';
import type { FileProof, Proof } from '../engine/records.ts';

/**
 * What a committed proof says that a fresh run does not bear out, a sentence each. Of the tests
 * named for a line, one that ran it again is enough, and a run may execute more than was claimed:
 * which of two racing requests takes the slower branch is not the same in each run. Versions of
 * Node and of services are those of the machine, and no fault.
 */
export function compareProofs(committed: Proof, fresh: Proof): string[] {
  const faults: string[] = [];
  const compare = (what: string, a: unknown, b: unknown) => {
    if (JSON.stringify(a) !== JSON.stringify(b)) faults.push(`${what} changed`);
  };
  compare('what its tests import', committed.key, fresh.key);
  compare('the tests', committed.tests, fresh.tests);
  compare('the failures', committed.failures, fresh.failures);
  for (const name of union(committed.outputs, fresh.outputs))
    compare(`the output of ${name}.ts`, committed.outputs[name], fresh.outputs[name]);
  if (faults.length === 0)
    faults.push(...findUnproven(committed, fresh), ...compareLines(committed, fresh));
  return faults;
}

function findUnproven(committed: Proof, fresh: Proof): string[] {
  return Object.entries(fresh.unproven).flatMap(([path, lines]) => {
    const known = new Set(committed.unproven[path]);
    const lost = lines.filter((line) => !known.has(line));
    return lost.map((line) => `${path}:${line} was not run to its end`);
  });
}

function compareLines(committed: Proof, fresh: Proof): string[] {
  const faults: string[] = [];
  for (const path of Object.keys(committed.files)) {
    const [before, after] = [listTests(committed.files[path]), listTests(fresh.files[path])];
    for (const [line, tests] of before) {
      const again = tests.intersection(after.get(line) ?? new Set());
      if (again.size === 0) faults.push(`${path}:${line} was run by other tests`);
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

function union(...records: object[]): Set<string> {
  return new Set(records.flatMap((record) => Object.keys(record)));
}
