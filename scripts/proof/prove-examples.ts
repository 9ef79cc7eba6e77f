import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import startServices from '@touchstone/kit/testing/services';
import { type Proof, parseProof } from '../engine/records.ts';
import { ROOT } from '../files/root.ts';
import { writeAtomically } from '../files/write-atomically.ts';
import { examplePath } from '../pattern/ids.ts';
import { openKeys, type ReadKeys } from '../pattern/keys.ts';
import { readInside } from '../pattern/read-inside.ts';
import { type FindLocked, readPackageLock } from '../pattern/read-package-lock.ts';
import { readPatternFiles } from '../pattern/read-pattern-files.ts';
import { buildProof } from './build-proof.ts';
import { collectVersions } from './collect-versions.ts';
import { compareProofs } from './compare-proofs.ts';
import { findUncovered } from './find-uncovered.ts';
import { mapAtOnce } from './map-at-once.ts';
import { runOutputs } from './run-outputs.ts';
import { readTestReport, type TestRecord } from './test-report.ts';

type Order = { ids: string[]; report: string; write: boolean };

/**
 * Proves examples from a test report; writes their proofs or compares them. Returns the exit code.
 * Their demos run beside each other, each with a database of its own in one Postgres.
 */
export async function proveExamples({ ids, report, write }: Order): Promise<number> {
  const recorded = readTestReport(report);
  const run = {
    write,
    readKeys: openKeys(ROOT),
    findLocked: readPackageLock(readInside(ROOT, 'package-lock.json').text),
  };
  const stopServices = await startServices();
  try {
    const outcomes = await mapAtOnce(ids, availableParallelism(), async (id) => {
      const outcome = await proveExample(run, id, recorded.get(id) ?? []);
      printOutcome(id, outcome);
      return outcome;
    });
    return outcomes.some(({ faults }) => faults.length > 0) ? 1 : 0;
  } finally {
    await stopServices?.();
  }
}

function printOutcome(id: string, { summary, faults }: Outcome): void {
  console.log(`${faults.length > 0 ? '✗' : '✓'} ${id}: ${summary}`);
  for (const fault of faults) console.log(`  ${fault}`);
}

type Run = { write: boolean; readKeys: ReadKeys; findLocked: FindLocked };

type Outcome = { summary: string; faults: string[] };

async function proveExample(run: Run, id: string, records: TestRecord[]): Promise<Outcome> {
  const failing = records.filter(({ passed }) => !passed).map(({ name }) => `${name} failed`);
  if (records.length === 0) return { summary: 'not proven', faults: ['it has no tests'] };
  if (failing.length > 0) return { summary: 'not proven', faults: failing };

  const folder = join(ROOT, examplePath(id));
  const { page, example } = readPatternFiles(ROOT, id);
  const sources = example?.sources ?? new Map();
  const { outputs, faults } = await runOutputs(folder, sources.keys());
  const { key, files } = run.readKeys({ id, sources, page }).proof;
  faults.push(...findUncovered(id, records, files));
  if (faults.length > 0) return { summary: 'not proven', faults };
  const versions = collectVersions({
    folder: examplePath(id),
    manifest: sources.get('package.json') ?? '{}',
    records,
    findLocked: run.findLocked,
  });
  return settle({
    id,
    file: join(folder, 'proof.json'),
    fresh: buildProof({ sources, records, outputs, key, versions }),
    write: run.write,
  });
}

function settle({
  id,
  file,
  fresh,
  write,
}: {
  id: string;
  file: string;
  fresh: Proof;
  write: boolean;
}): Outcome {
  const committed = existsSync(file) ? parseProof(readFileSync(file, 'utf8')).value : undefined;
  const faults = committed ? compareProofs(committed, fresh) : ['it has no proof.json yet'];
  const summary = `${fresh.tests.length} tests, ${fresh.failures.length} failures tested`;
  const isAsCommitted = faults.length === 0;
  if (isAsCommitted && !(write && differ(committed?.versions, fresh.versions)))
    return { summary: `${summary}, as committed`, faults };
  if (write) {
    writeAtomically(file, writeProof(fresh));
    return { summary: `${summary}, proof written`, faults: [] };
  }
  return {
    summary,
    faults: [...faults, `fix: npm run prove -- ${id}`],
  };
}

/** Other versions are not a fault of a proof, but one that is written has those it was made with. */
const differ = (a: object | undefined, b: object): boolean =>
  JSON.stringify(a) !== JSON.stringify(b);

function writeProof(proof: Proof): string {
  return `${JSON.stringify(proof, null, 2)}\n`;
}
