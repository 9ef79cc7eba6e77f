import { stripVTControlCharacters } from 'node:util';
import { paint } from '../command-line/paint.ts';
import { takeStep } from '../command-line/terminal.ts';
import { watchForStop } from '../command-line/watch-for-stop.ts';
import { keepCoresBusy } from './keep-cores-busy.ts';
import { listFailures, type TestFailure } from './list-failures.ts';
import { runTests, type TestSelection } from './run-tests.ts';

/** How hard, and how often. */
export type StressOptions = { times: number; loopsPerCore: number };

/** How many rounds a test failed, and each of its errors once. */
export type FailureCount = { name: string; rounds: number; errors: string[] };

/** What failed in the rounds that were taken to their end. */
export type StressResult = { taken: number; failures: FailureCount[]; isStopped: boolean };

/** Runs the tests again and again while every core is busy, and counts what failed. */
export async function stressTests(
  selection: TestSelection,
  { times, loopsPerCore }: StressOptions,
): Promise<StressResult> {
  const stopped = watchForStop();
  const rounds: TestFailure[][] = [];
  await using _busy = keepCoresBusy(loopsPerCore);
  while (rounds.length < times && !stopped()) {
    const round = await takeRound(`round ${rounds.length + 1} of ${times}`, selection);
    if (!stopped()) rounds.push(round);
  }
  return { taken: rounds.length, failures: countFailures(rounds), isStopped: stopped() };
}

async function takeRound(name: string, selection: TestSelection): Promise<TestFailure[]> {
  const failures: TestFailure[] = [];
  await takeStep(name, async (report) => {
    const result = await runTests(selection, report);
    failures.push(...listFailures(selection.reportFile, result));
    const { passed, failed } = result;
    const output = failures.map((one) => one.name).join('\n');
    return { passed, failed, output, notes: [`${passed} passed, ${failed} failed`] };
  });
  return failures;
}

/** Those that failed most often first. */
function countFailures(rounds: TestFailure[][]): FailureCount[] {
  const counts = new Map<string, FailureCount>();
  for (const { name, error } of rounds.flat()) {
    const count = counts.get(name) ?? { name, rounds: 0, errors: [] };
    count.rounds++;
    if (!count.errors.includes(error)) count.errors.push(error);
    counts.set(name, count);
  }
  return [...counts.values()].sort((a, b) => b.rounds - a.rounds);
}

/** One test that failed, how often, and why. */
export function describeFailure({ name, rounds, errors }: FailureCount, taken: number): string {
  const text = errors.map((error) => stripVTControlCharacters(error).trim()).join('\n\n');
  const indented = text.replace(/^(?=.)/gm, '    ');
  return `${paint('red', '✗')} ${name}: failed in ${rounds} of ${taken} rounds\n${indented}`;
}
