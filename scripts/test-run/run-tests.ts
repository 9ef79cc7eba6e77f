import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { StepResult } from '../command-line/terminal.ts';
import { countTests, describeTests, runSchema } from './count-tests.ts';
import { countWorkers } from './count-workers.ts';
import { runAndRecord } from './run-and-record.ts';

/** Which tests: the Vitest projects, and within them only files whose path holds one of `paths`. */
export type TestSelection = {
  projects?: string[];
  paths?: string[];
  /** Variables for the tests, besides those of this process. */
  environment?: Record<string, string>;
  /** Another project than this repository: its folder, and that of its tests. */
  other?: { folder: string; root: string };
  reportFile: string;
};

/** Runs tests and counts each; a file that does not load and a run that breaks count as failed. */
export async function runTests(
  { projects = [], paths = [], environment, other, reportFile }: TestSelection,
  report: (text: string) => void,
): Promise<StepResult> {
  rmSync(reportFile, { force: true });
  const program = join(other?.folder ?? '', 'node_modules/vitest/vitest.mjs');
  const vitest = [process.execPath, program, 'run', ...paths] as const;
  const flags = projects.map((project) => `--project=${project}`);
  if (other) flags.push(`--root=${other.root}`, `--maxWorkers=${countWorkers()}`);
  const { code, output } = await runAndRecord(
    [...vitest, ...flags, '--reporter=default', '--reporter=json', `--outputFile=${reportFile}`],
    report,
    environment,
  );
  if (!existsSync(reportFile))
    return { passed: 0, failed: 1, output: `${output}\nVitest ended with ${code} and no report` };
  const run = runSchema.parse(JSON.parse(readFileSync(reportFile, 'utf8')));
  return {
    ...countTests(run, { code, onCi: Boolean(process.env.CI) }),
    output,
    notes: describeTests(run),
  };
}
