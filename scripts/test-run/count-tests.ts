import { relative } from 'node:path';
import { z } from 'zod';
import { formatSeconds } from '../command-line/terminal.ts';
import { ROOT } from '../files/root.ts';
import { findPatternFile } from '../pattern/ids.ts';

/** What Vitest's JSON reporter writes, as far as counting needs it. */
export const runSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      startTime: z.number(),
      endTime: z.number(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

/** A run of Vitest, as its JSON reporter tells it. */
export type TestRun = z.output<typeof runSchema>;

/** Every test once; a file that does not load, and an exit code that no test explains, failed too. */
export function countTests(
  run: TestRun,
  { code, onCi }: { code: number; onCi: boolean },
): { passed: number; failed: number } {
  const unloaded = run.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  // On CI a service that cannot be had is a failure: a skip there goes unread.
  const skipped = onCi ? run.numPendingTests + run.numTodoTests : 0;
  const failed = run.numFailedTests + unloaded + skipped;
  return { passed: run.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
}

/** How long each example's test files took, and how many tests were skipped. */
export function describeTests(run: TestRun): string[] {
  const skipped = run.numPendingTests + run.numTodoTests;
  const times = [...sumTimes(run)].map(
    ([id, milliseconds]) => `${id} ${formatSeconds(milliseconds)}`,
  );
  return [...times, ...(skipped > 0 ? [`${skipped} skipped`] : [])];
}

function sumTimes(run: TestRun): Map<string, number> {
  const times = new Map<string, number>();
  for (const { name, startTime, endTime } of run.testResults) {
    const { id } = findPatternFile(relative(ROOT, name)) ?? {};
    if (id) times.set(id, (times.get(id) ?? 0) + Math.max(0, endTime - startTime));
  }
  return times;
}
