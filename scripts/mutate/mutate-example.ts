import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { readTestReport, type TestRecord } from '../proof/test-report.ts';
import { runTests } from '../test-run/run-tests.ts';
import { openMutantTree } from './mutant-tree.ts';
import { type PlacedMutant, runMutants, type Verdict } from './run-mutants.ts';

/** The tests that a project gets with a pattern: `touchstone add --with-tests`. */
const READERS_TESTS: ReadonlySet<string> = new Set(['failures.test.ts']);

/** Runs the tests of an example once, as it is, and notes which of them ran which place, also in programs that they started. */
export async function recordTests(id: string): Promise<TestRecord[]> {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-record-'));
  try {
    const reportFile = join(folder, 'tests.json');
    const selection = {
      projects: ['examples'],
      paths: [`examples/${id}/`],
      environment: { TOUCHSTONE_PROGRAMS: folder },
      reportFile,
    };
    const { failed, output } = await runTests(selection, () => {});
    if (failed > 0) throw new Error(`the tests of ${id} fail as they are:\n${output}`);
    return readTestReport(reportFile).get(id) ?? [];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Order = {
  repository: string;
  id: string;
  mutants: PlacedMutant[];
  records: TestRecord[];
  onVerdict: (verdict: Verdict) => void;
};

/** Asks the tests of an example about each mutant; all databases are in one server that is gone after. */
export async function judgeMutants(order: Order): Promise<Verdict[]> {
  const { repository, id, mutants, records, onVerdict } = order;
  const tree = openMutantTree(repository, id);
  await using postgres = await startPostgres();
  process.env.TOUCHSTONE_POSTGRES ??= postgres.url;
  try {
    // Tests mostly wait for a service: two lanes a core leave none idle.
    const lanes = Math.min(2 * availableParallelism(), mutants.length);
    return await runMutants({
      tree,
      mutants,
      records,
      readersFiles: READERS_TESTS,
      lanes,
      onVerdict,
    });
  } finally {
    tree.removeAll();
    if (process.env.TOUCHSTONE_POSTGRES === postgres.url) delete process.env.TOUCHSTONE_POSTGRES;
  }
}
