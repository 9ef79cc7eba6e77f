import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasColour } from '../command-line/paint.ts';
import { countResults, type StepWork } from '../command-line/terminal.ts';
import { TESTS_FOLDER } from '../pattern/copied-tests.ts';
import { examplePath, slugOf } from '../pattern/ids.ts';
import { checkTypes } from './check-types.ts';
import type { Plan } from './plan.ts';
import { runAsStep } from './run-and-record.ts';
import { runTests, type TestSelection } from './run-tests.ts';
import { takeShard } from './shard.ts';

/** Of this run alone: two runs at once in one clone must not read each other's. */
const REPORTS = mkdtempSync(join(tmpdir(), 'touchstone-reports-'));
const COPY = join(REPORTS, 'copy');
process.once('exit', () => rmSync(REPORTS, { recursive: true, force: true }));

const compile = program('node_modules/typescript/bin/tsc');
const checkSite = program(
  'node_modules/astro/bin/astro.mjs',
  'check',
  '--tsconfig',
  'docs/tsconfig.json',
);

/** One step of `npm test`. */
export type Step = {
  name: string;
  /** The step without which it is not run: that one has to pass first. */
  needs?: string;
  /** It is the same in every shard, so only one of them takes it. */
  once?: boolean;
  work: StepWork;
};

/** The steps of a run, in the order in which they are taken. */
export function listSteps(plan: Plan): Step[] {
  const steps: Step[] = [
    { name: 'lint', once: true, work: lint() },
    { name: 'types', once: true, work: together(compile, checkSite) },
    { name: 'unused code', once: true, work: program('node_modules/knip/bin/knip.js') },
    { name: 'check', once: true, work: program('scripts/commands/check.ts') },
    {
      name: 'tests of engine, kit and package',
      once: true,
      work: tests({
        projects: ['engine', 'kit', 'agents', 'adopters'],
        environment: plan.isAll ? { TOUCHSTONE_ALL: '1' } : {},
      }),
    },
    ...listExampleSteps(plan.examples),
    ...listCopySteps(plan),
    { name: 'site', work: program('scripts/commands/build.ts') },
    { name: 'site tests', needs: 'site', once: true, work: tests({ projects: ['site'] }) },
    {
      name: 'pages',
      needs: 'site',
      work: tests({ projects: ['pages-*'], environment: choosePages(plan) }),
    },
  ];
  const once = takeShard(
    steps.filter((step) => step.once),
    plan.shard,
  );
  return steps.filter((step) => !step.once || once.includes(step));
}

/** The steps that a change to these patterns can break. */
export function listStepsFor(ids: string[]): Step[] {
  const paths = ids.map((id) => examplePath(id));
  return [
    { name: 'lint', work: lint(...paths) },
    { name: 'types', work: (report) => checkTypes({ paths, folder: REPORTS }, report) },
    { name: 'check', work: program('scripts/commands/check.ts', ...ids) },
    ...listExampleSteps(ids),
  ];
}

/** The proof is taken from the report of the same run: no test runs twice. */
function listExampleSteps(ids: string[]): Step[] {
  if (ids.length === 0) return []; // no ids are all of them to the programs below
  const paths = ids.map((id) => examplePath(id, ''));
  const reportFile = join(REPORTS, 'example-tests.json');
  const verify = program('scripts/commands/prove.ts', ...ids, '--verify', '--report', reportFile);
  return [
    { name: 'example tests', work: tests({ projects: ['examples'], paths, reportFile }) },
    { name: 'proof', needs: 'example tests', work: verify },
  ];
}

/** What the package copies works in another project, which has nothing but what npm gives it. */
function listCopySteps({ examples, shard }: Plan): Step[] {
  if (examples.length === 0) return [];
  // All copies are type-checked together once; the other shards copy only what they test.
  const copied = shard && shard.index > 1 ? examples : [];
  const root = join(COPY, 'src/patterns', TESTS_FOLDER);
  const paths = examples.map((id) => join(root, slugOf(id), '/'));
  return [
    { name: 'copies', work: program('agents/testing/copy-patterns.ts', COPY, ...copied) },
    {
      name: 'copied tests',
      needs: 'copies',
      work: tests({ other: { folder: COPY, root }, paths }),
    },
  ];
}

/** How docs/site-tests/helpers/chosen-pages.ts is told which pages to look at. */
function choosePages({ pages, shard }: Plan): Record<string, string> {
  return {
    ...(pages && { TOUCHSTONE_PAGES: pages.join(' ') }),
    ...(shard && { TOUCHSTONE_SHARD: `${shard.index}/${shard.count}` }),
  };
}

function lint(...paths: string[]): StepWork {
  const colours = `--colors=${hasColour() ? 'force' : 'off'}`; // Biome does not heed NO_COLOR
  return program('node_modules/@biomejs/biome/bin/biome', 'ci', colours, ...paths);
}

/** A JavaScript or TypeScript program, on the Node that runs this. */
function program(...words: string[]): StepWork {
  return (report) => runAsStep([process.execPath, ...words], report);
}

/** Both at once: each of them keeps one core busy. */
function together(...works: StepWork[]): StepWork {
  return async (report) => {
    const results = await Promise.all(works.map((work) => work(report)));
    const output = results.map((result) => result.output).join('\n');
    return { ...countResults(results), output };
  };
}

function tests(selection: Partial<TestSelection>): StepWork {
  const reportFile = join(REPORTS, 'tests.json');
  return (report) => runTests({ reportFile, ...selection }, report);
}
