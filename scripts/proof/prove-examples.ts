import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import startServices from '@touchstone/kit/services';
import { type Proof, parseProof } from '../engine/records.ts';
import { ROOT } from '../repository.ts';
import { readExample } from '../sources.ts';
import { buildProof } from './build-proof.ts';
import { compareProofs } from './compare-proofs.ts';
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
  const stopServices = await startServices();
  try {
    const outcomes = await mapAtOnce(ids, availableParallelism(), async (id) => {
      const outcome = await proveExample(id, recorded.get(id) ?? [], write);
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

type Outcome = { summary: string; faults: string[] };

async function proveExample(id: string, records: TestRecord[], write: boolean): Promise<Outcome> {
  const failing = records.filter(({ passed }) => !passed).map(({ name }) => `${name} failed`);
  if (records.length === 0) return { summary: 'not proven', faults: ['it has no tests'] };
  if (failing.length > 0) return { summary: 'not proven', faults: failing };

  const folder = join(ROOT, 'examples', id);
  const sources = readExample(ROOT, id)?.sources ?? new Map();
  const { outputs, faults } = await runOutputs(folder, sources.keys());
  if (faults.length > 0) return { summary: 'not proven', faults };
  return settle({
    id,
    file: join(folder, 'proof.json'),
    fresh: buildProof({ sources, records, outputs }),
    write,
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
  const summary = `${fresh.tests.length} tests, ${fresh.failures.length} failures survived`;
  if (faults.length === 0) return { summary: `${summary}, as committed`, faults };
  if (write) {
    writeFileSync(file, writeProof(fresh));
    return { summary: `${summary}, proof written`, faults: [] };
  }
  return {
    summary,
    faults: [...faults, `mend it with: npm run prove ${id}, then npm run sync ${id}`],
  };
}

function writeProof(proof: Proof): string {
  return `${JSON.stringify(proof, null, 2)}\n`;
}
