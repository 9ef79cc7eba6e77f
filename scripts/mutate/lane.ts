import { join } from 'node:path';
import { inspect } from 'node:util';
import { createVitest, type TestCase, type Vitest } from 'vitest/node';
import { createWarmPool, type WarmPool } from './warm-pool.ts';

/** Tests of one file, and how long each may take, in milliseconds. */
export type Question = {
  file: string;
  tests: ReadonlyMap<string, number>;
  /** Makes the copy of the example that is asked, which is gone afterwards. */
  inCopy: InCopy;
  /** Makes one without the change. */
  asItIs: InCopy;
};

/** Runs with the folder of a copy that nothing has loaded yet. */
export type InCopy = <T>(run: (folder: string) => Promise<T>) => Promise<T>;

/** What the tests said: that all passed, or which one turned red first, and how. */
export type TestsAnswer =
  | { passed: true }
  | { passed: false; test: string; how: 'failed' | 'hung' | 'ended'; error: string };

type Red = Extract<TestsAnswer, { passed: false }>;

/** Asks tests, one question at a time, in a process that it keeps. */
export type Lane = {
  ask: (question: Question) => Promise<TestsAnswer>;
  close: () => Promise<void>;
};

/** What an ended test may keep open: a line to the parent, and Vitest's own timers. */
const SPARE_RESOURCES = 4;
/** Every run leaves its modules in memory. */
const RUNS_OF_A_PROCESS = 60;
/** The file is loaded and its hooks run before the first test begins. */
const LOADING_MS = 10_000;
/** How many times as long as usual the slowest machine gets. */
const MOST_PATIENCE = 16;

/** Opens a lane for test files below the folder. */
export async function openLane(root: string): Promise<Lane> {
  let station = await openStation(root);
  let runs = 0;
  let patience = 1;

  async function renew() {
    await station.close();
    station = await openStation(root);
    runs = 0;
  }

  /**
   * Each time from a new folder, of which the process knows no module: a service that a module starts
   * ends with the tests of one file, and is not there for those of the next.
   */
  async function askOnce(question: Question) {
    const answer = await question.inCopy((folder) => station.ask(question, folder, patience));
    runs += 1;
    const isSpent = runs >= RUNS_OF_A_PROCESS || (!answer.passed && answer.how !== 'failed');
    if (isSpent || (await station.isBusy())) await renew();
    return answer;
  }

  /** A busy machine or what an earlier change left behind can turn a test red: it counts when it does so twice. */
  async function askTwice(question: Question) {
    const answer = await askOnce(question);
    if (answer.passed) return answer;
    const again = await askOnce(narrow(question, answer));
    return again.passed ? await askOnce(question) : again;
  }

  /**
   * What takes too long hangs only when the unchanged code ends in that time just then. Else the
   * machine is busy, and both get more of it.
   */
  async function ask(question: Question) {
    for (; patience <= MOST_PATIENCE; patience *= 2) {
      const answer = await askTwice(question);
      if (answer.passed || answer.how !== 'hung') return answer;
      const control = { ...narrow(question, answer), inCopy: question.asItIs };
      if ((await askOnce(control)).passed) {
        patience = Math.max(1, patience / 2);
        return answer;
      }
    }
    throw new Error(`${question.file} does not end, and not without a change either`);
  }

  return { ask, close: () => station.close() };
}

/** The test that turned red alone; all of them when it was none of these. */
function narrow(question: Question, { test }: Red): Question {
  const limit = question.tests.get(test);
  return limit === undefined ? question : { ...question, tests: new Map([[test, limit]]) };
}

/** One process, and the Vitest that speaks with it. */
async function openStation(root: string) {
  const warm = createWarmPool();
  const watch = createWatch(warm);
  const vitest = await createVitest(
    'test',
    {
      root,
      config: false,
      watch: false,
      silent: true,
      bail: 1,
      isolate: false,
      maxWorkers: 1,
      fileParallelism: false,
      pool: warm.pool,
      reporters: [watch.reporter],
      include: ['**/*.test.ts'],
      experimental: { viteModuleRunner: false },
      // The watch below keeps the time; Vitest would leave what hangs running.
      testTimeout: 0,
      hookTimeout: 0,
    },
    { server: { watch: null }, cacheDir: join(root, '.cache') },
  );

  async function ask(question: Question, folder: string, patience: number): Promise<TestsAnswer> {
    const { file, tests } = question;
    const project = vitest.getRootProject();
    const path = join(folder, file);
    const specification = project.createSpecification(path, { testNames: [...tests.keys()] });
    watch.begin(tests, patience);
    const run = await vitest.runTestSpecifications([specification]).catch(toFailedRun);
    const hung = watch.end();
    if (hung) return { passed: false, test: hung, how: 'hung', error: 'it did not end' };
    return readAnswer(vitest, path, run.unhandledErrors);
  }

  async function close() {
    warm.kill();
    await vitest.close();
  }

  const isBusy = async () => (await warm.countResources()) > SPARE_RESOURCES;
  return { ask, close, isBusy };
}

function toFailedRun(error: unknown) {
  return { unhandledErrors: [error] };
}

function readAnswer(vitest: Vitest, file: string, unhandled: unknown[]): TestsAnswer {
  const module = vitest.state.getTestModules().find(({ moduleId }) => moduleId === file);
  const red = [...(module?.children.allTests('failed') ?? [])][0];
  if (red) return { passed: false, test: red.fullName, how: 'failed', error: firstError(red) };
  const [broken] = module?.errors() ?? [];
  if (broken)
    return { passed: false, test: 'the file loads', how: 'failed', error: broken.message };
  const passed = [...(module?.children.allTests('passed') ?? [])].length > 0;
  if (passed && unhandled.length === 0) return { passed };
  const error = unhandled.length > 0 ? describe(unhandled[0]) : 'no test ran';
  return { passed: false, test: 'an error outside of the tests', how: 'ended', error };
}

function firstError(test: TestCase): string {
  return test.result().errors?.[0]?.message ?? '';
}

/** What comes from another process is a plain object with the fields of an error. */
function describe(error: unknown): string {
  const hasMessage = typeof error === 'object' && error !== null && 'message' in error;
  return hasMessage ? `${error.message}` : inspect(error);
}

/** Kills the process when a test takes longer than it may. */
function createWatch({ kill }: WarmPool) {
  let limits: ReadonlyMap<string, number> = new Map();
  let times = 1;
  let timer: NodeJS.Timeout | undefined;
  let hung: string | undefined;

  function allow(name: string, milliseconds: number) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      hung = name;
      kill();
    }, milliseconds * times);
  }

  function begin(tests: ReadonlyMap<string, number>, patience: number) {
    limits = tests;
    times = patience;
    hung = undefined;
    allow('loading the file', LOADING_MS);
  }

  function end() {
    clearTimeout(timer);
    return hung;
  }

  const reporter = {
    onTestCaseReady: (test: TestCase) =>
      allow(test.fullName, limits.get(test.fullName) ?? LOADING_MS),
    onTestCaseResult: () => allow('the end of the file', LOADING_MS),
  };
  return { begin, end, reporter };
}
