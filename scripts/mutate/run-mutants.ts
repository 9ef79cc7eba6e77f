import type { TestRecord } from '../proof/test-report.ts';
import { applyMutant } from './apply-mutant.ts';
import { type Ask, chooseTests, toAsks } from './choose-tests.ts';
import { type InCopy, type Lane, openLane, type TestsAnswer } from './lane.ts';
import type { Mutant } from './mutant.ts';
import type { MutantTree } from './mutant-tree.ts';

/** A mutant and the file that it changes. */
export type PlacedMutant = { path: string; source: string; mutant: Mutant };

/** What became of a mutant: the test that caught it, among all tests and among the reader's. */
export type Verdict = PlacedMutant & {
  /** How many tests were asked in vain. */
  asked: number;
  caught?: Extract<TestsAnswer, { passed: false }> & { file: string };
  caughtByReaders: boolean;
};

type Run = {
  tree: MutantTree;
  mutants: PlacedMutant[];
  records: TestRecord[];
  readersFiles: ReadonlySet<string>;
  lanes: number;
  onVerdict: (verdict: Verdict) => void;
};

/** Asks the tests about each mutant, in several processes; the verdicts come in the mutants' order. */
export async function runMutants(run: Run): Promise<Verdict[]> {
  await checkUnchanged(run);
  const verdicts: Verdict[] = [];
  let next = 0;

  async function work() {
    const lane = await openLane(run.tree.root);
    try {
      for (let index = next++; index < run.mutants.length; index = next++) {
        const placed = run.mutants[index];
        if (!placed) return;
        const verdict = await judge(lane, placed, run);
        verdicts[index] = verdict;
        run.onVerdict(verdict);
      }
    } catch (error) {
      next = run.mutants.length; // the other lanes end too
      throw error;
    } finally {
      await lane.close();
    }
  }

  await Promise.all(Array.from({ length: run.lanes }, work));
  return verdicts;
}

/** A test that fails in a copy without any change would catch every mutant. */
async function checkUnchanged({ tree, records, readersFiles }: Run): Promise<void> {
  const lane = await openLane(tree.root);
  const asItIs: InCopy = (ask) => tree.inCopy(undefined, ask);
  const copies = { inCopy: asItIs, asItIs };
  try {
    const { caught } = await askUntilRed(lane, copies, toAsks(records, readersFiles));
    if (!caught) return;
    const { file, test, how, error } = caught;
    throw new Error(
      `${file} > ${test} ${how} in a copy of the example, without a change: ${error}`,
    );
  } finally {
    await lane.close();
  }
}

async function judge(lane: Lane, placed: PlacedMutant, run: Run): Promise<Verdict> {
  const { path, source, mutant } = placed;
  const asks = chooseTests({ path, mutant }, run.records, run.readersFiles);
  const text = applyMutant(source, mutant);
  const copies: Copies = {
    inCopy: (ask) => run.tree.inCopy({ path, text }, ask),
    asItIs: (ask) => run.tree.inCopy(undefined, ask),
  };
  return { ...placed, ...(await askUntilRed(lane, copies, asks)) };
}

type Copies = { inCopy: InCopy; asItIs: InCopy };

async function askUntilRed(lane: Lane, copies: Copies, asks: Ask[]) {
  let asked = 0;
  for (const { file, tests, isReaders } of asks) {
    const answer = await lane.ask({ file, tests, ...copies });
    if (!answer.passed) return { asked, caught: { ...answer, file }, caughtByReaders: isReaders };
    asked += tests.size;
  }
  return { asked, caughtByReaders: false };
}
