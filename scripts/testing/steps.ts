import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasColour, type StepWork } from '../terminal.ts';
import { checkTypes } from './check-types.ts';
import { runAsStep } from './run-program.ts';
import { runTests, type TestSelection } from './run-tests.ts';

/** Of this run alone: two runs at once in one clone must not read each other's. */
const REPORTS = mkdtempSync(join(tmpdir(), 'touchstone-reports-'));
const REPORT = join(REPORTS, 'tests.json');
const BROWSER = join(REPORTS, 'browser-tests.json');
const COPIES = join(REPORTS, 'copied-tests.json');
const COPY = join(REPORTS, 'copy');
process.once('exit', () => rmSync(REPORTS, { recursive: true, force: true }));

/** One step of `npm test`; it is not run when the step that it needs failed. */
export type Step = { name: string; needs?: string; work: StepWork };

/** All steps, in the order in which they are taken. */
export function listAllSteps(): Step[] {
  return [
    { name: 'lint', work: lint() },
    { name: 'types', work: program('node_modules/astro/bin/astro.mjs', 'check') },
    { name: 'unused code', work: program('node_modules/knip/bin/knip.js') },
    { name: 'check', work: program('scripts/commands/check.ts') },
    ...listTestSteps({ projects: ['engine', 'kit', 'examples', 'agents'], ids: [] }),
    ...listCopySteps(),
    { name: 'site', work: program('scripts/commands/build.ts') },
    { name: 'browser', needs: 'site', work: tests({ projects: ['site'], reportFile: BROWSER }) },
  ];
}

/** The steps that a change to these patterns can break. */
export function listStepsFor(ids: string[]): Step[] {
  const paths = ids.map((id) => `examples/${id}`);
  return [
    { name: 'lint', work: lint(...paths) },
    { name: 'types', work: (report) => checkTypes({ paths, folder: REPORTS }, report) },
    { name: 'check', work: program('scripts/commands/check.ts', ...ids) },
    ...listTestSteps({ projects: ['examples'], ids }),
  ];
}

/** The proof is taken from the report of the same run: no test runs twice. */
function listTestSteps({ projects, ids }: { projects: string[]; ids: string[] }): Step[] {
  const paths = ids.map((id) => `examples/${id}/`);
  const verify = program('scripts/commands/prove.ts', ...ids, '--verify', '--report', REPORT);
  return [
    { name: 'tests', work: tests({ projects, paths, reportFile: REPORT }) },
    { name: 'proof', needs: 'tests', work: verify },
  ];
}

/** What the package copies works in another project, which has nothing but what npm gives it. */
function listCopySteps(): Step[] {
  const copies = { folder: COPY, root: join(COPY, 'src/patterns') };
  return [
    { name: 'copies', work: program('agents/testing/copy-patterns.ts', COPY) },
    { name: 'copied tests', needs: 'copies', work: tests({ other: copies, reportFile: COPIES }) },
  ];
}

function lint(...paths: string[]): StepWork {
  const colours = `--colors=${hasColour() ? 'force' : 'off'}`; // Biome does not heed NO_COLOR
  return program('node_modules/@biomejs/biome/bin/biome', 'ci', colours, ...paths);
}

/** A JavaScript or TypeScript program, on the Node that runs this. */
function program(...words: string[]): StepWork {
  return (report) => runAsStep([process.execPath, ...words], report);
}

function tests(selection: TestSelection): StepWork {
  return (report) => runTests(selection, report);
}
