import { existsSync, readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import type { StepResult } from '../command-line/terminal.ts';
import { ROOT } from '../files/root.ts';

/** What failed in a run of tests, by name, and why. */
export type TestFailure = { name: string; error: string };

/** Errors that belong to no test come by the dozen: the first tell it all. */
const LONGEST = 2000;

/** What Vitest's JSON reporter writes, as far as failures need it. */
const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({
          ancestorTitles: z.array(z.string()),
          title: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

type FileResult = z.output<typeof reportSchema>['testResults'][number];

/** Every test and file that failed; the run itself, where errors belong to no test. */
export function listFailures(reportFile: string, { failed, output }: StepResult): TestFailure[] {
  const files = existsSync(reportFile)
    ? reportSchema.parse(JSON.parse(readFileSync(reportFile, 'utf8'))).testResults
    : [];
  const inFiles = files.flatMap(listFileFailures);
  const unhandled = /Unhandled Errors[\s\S]*/.exec(stripVTControlCharacters(output))?.[0];
  if (unhandled) inFiles.push({ name: 'outside of any test', error: unhandled.slice(0, LONGEST) });
  if (failed === 0 || inFiles.length > 0) return inFiles;
  return [{ name: 'the run itself', error: stripVTControlCharacters(output).slice(-LONGEST) }];
}

function listFileFailures({ name, status, message, assertionResults }: FileResult): TestFailure[] {
  const file = relative(ROOT, name).split(sep).join('/');
  const tests = assertionResults
    .filter((test) => test.status === 'failed')
    .map(({ ancestorTitles, title, failureMessages }) => ({
      name: [file, ...ancestorTitles, title].join(' > '),
      error: (failureMessages ?? []).join('\n'),
    }));
  if (tests.length > 0 || status !== 'failed') return tests;
  return [{ name: file, error: message }];
}
