import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { StepResult } from '../terminal.ts';
import { countTests, describeTests, runSchema } from './count-tests.ts';
import { runProgram } from './run-program.ts';

/** Which tests: the Vitest projects, and within them only files whose path holds one of `paths`. */
export type TestSelection = {
  projects?: string[];
  paths?: string[];
  /** Another folder than this repository, with a configuration and a Vitest of its own. */
  root?: string;
  reportFile: string;
};

/** Runs tests and counts each; a file that does not load and a run that breaks count as failed. */
export async function runTests(
  { projects = [], paths = [], root, reportFile }: TestSelection,
  report: (text: string) => void,
): Promise<StepResult> {
  rmSync(reportFile, { force: true });
  const program = createRequire(root ? join(root, '_') : import.meta.url).resolve(
    'vitest/vitest.mjs',
  );
  const vitest = [process.execPath, program, 'run', ...paths] as const;
  const flags = projects.map((project) => `--project=${project}`);
  if (root) flags.push(`--root=${root}`);
  const { code, output } = await runProgram(
    [...vitest, ...flags, '--reporter=default', '--reporter=json', `--outputFile=${reportFile}`],
    report,
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
