import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '@touchstone/kit/programs/is-alive';
import { waitUntil } from '@touchstone/kit/time/wait';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ROOT } from '../files/root.ts';
import { createTestRecord } from '../proof/create-test-record.ts';
import type { TestRecord } from '../proof/test-report.ts';
import { type MutantTree, openMutantTree } from './mutant-tree.ts';
import { runMutants, type Verdict } from './run-mutants.ts';
import { makeSampleRepository } from './testing/sample-repository.ts';

const ID = 'jobs/sample';
const SOURCE = `import { readFileSync } from 'node:fs';
export const limit = 3;
export const sql = readFileSync(new URL('query.sql', import.meta.url), 'utf8');
export function isFull(count: number): boolean {
  return count >= limit;
}
`;
const QUERY = 'select 1 limit 1';
const TESTS = `import { expect, it } from 'vitest';
import { isFull, limit, sql } from './sample.ts';
it('is full at its limit', () => expect(isFull(3)).toBe(true));
it('is not empty', () => expect(typeof isFull(0)).toBe('boolean'));
it('has a limit', () => expect(limit).toBe(3));
it('asks for one row', () => expect(sql).toContain('limit 1'));
`;
const NAMES = ['is full at its limit', 'is not empty', 'has a limit', 'asks for one row'];

let repository: string;
let tree: MutantTree;

beforeAll(() => {
  repository = makeSampleRepository(ID, {
    'sample.ts': SOURCE,
    'query.sql': QUERY,
    'sample.test.ts': TESTS,
  });
  tree = openMutantTree(repository, ID);
});

afterAll(() => tree.removeAll());

describe('a mutant', () => {
  it('is caught by a test that fails', async () => {
    expect(await judge('>=', '>')).toMatchObject({
      caught: { how: 'failed', test: 'is full at its limit', file: 'sample.test.ts' },
      caughtByReaders: true,
    });
  });

  it('survives when all tests pass that ran it', async () => {
    expect(await judge('3', '3 as number')).toMatchObject({ asked: 4, caughtByReaders: false });
  });

  it('survives when no test that is asked looks', async () => {
    const verdict = await judge('>=', '>', ['is not empty']);
    expect(verdict).toMatchObject({ asked: 1, caughtByReaders: false });
    expect(verdict.caught).toBeUndefined();
  });

  it('is caught when the file does not load any more', async () => {
    const verdict = await judge('= 3', "= JSON.parse('{')");
    expect(verdict.caught?.how).toBe('failed');
  });

  it('is caught when it hangs, and what comes after it runs', async () => {
    const hangs = change('return count', 'for (;;); return count');
    const fine = change('3', '3 as number');
    const verdicts = await judgeAll([hangs, fine]);
    expect(verdicts.map(({ caught }) => caught?.how)).toEqual(['hung', undefined]);
  });

  it('is caught when it ends the process', async () => {
    const ends = change('return count', 'process.kill(process.pid); return count');
    const fine = change('3', '3 as number');
    const verdicts = await judgeAll([ends, fine]);
    expect(verdicts.map(({ caught }) => caught?.how)).toEqual(['ended', undefined]);
  });

  it('survives when a test fails once and never again', async () => {
    const fails =
      "if (!('once' in globalThis)) { Reflect.set(globalThis, 'once', 1); throw new Error(); } ";
    const verdict = await judge('return count', `${fails} return count`);
    expect(verdict).toMatchObject({ asked: 4, caughtByReaders: false });
  });

  it('is not blamed for what an earlier one left running', async () => {
    const leaves = change(
      'return count',
      "setInterval(() => { throw new Error('left over'); }, 30); throw new Error(`$" + '{count}`);',
    );
    const fine = change('3', '3 as number');
    const verdicts = await judgeAll([leaves, fine, fine, fine]);
    const how = verdicts.map(({ caught }) => caught?.how);
    expect(how).toEqual(['failed', undefined, undefined, undefined]);
  });

  it('of a file that is read is caught', async () => {
    const verdict = await judge('limit 1', 'limit 2', NAMES, 'query.sql');
    expect(verdict.caught?.test).toBe('asks for one row');
  });
});

it('does not take a busy machine for a hang', { timeout: 120_000 }, async () => {
  const folder = makeSampleRepository(ID, { 'sample.ts': SOURCE, 'query.sql': QUERY });
  const runs = join(folder, 'runs');
  const slow = `import { appendFileSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isFull } from './sample.ts';
it('is slow from the second run on', async () => {
  appendFileSync(${JSON.stringify(runs)}, '.');
  const isFirst = readFileSync(${JSON.stringify(runs)}, 'utf8') === '.';
  if (!isFirst) await new Promise((resolve) => setTimeout(resolve, 4_500));
  expect(isFull(3)).toBe(true);
});`;
  writeFileSync(join(folder, 'examples', ID, 'sample.test.ts'), slow);
  const copies = openMutantTree(folder, ID);
  onTestFinished(copies.removeAll);
  const [verdict] = await runMutants({
    tree: copies,
    mutants: [placeChange(change('3', '3 as number'))],
    records: [toRecord('is slow from the second run on')],
    readersFiles: new Set(),
    lanes: 1,
    onVerdict: () => {},
  });
  expect(verdict).toMatchObject({ asked: 1, caughtByReaders: false });
  expect(verdict?.caught).toBeUndefined();
});

it('leaves no program behind that a test started', async () => {
  const pids = join(repository, 'pids');
  const starts = `const { spawn } = process.getBuiltinModule('child_process');
  const { appendFileSync } = process.getBuiltinModule('fs');
  const child = spawn('sleep', ['600']); child.unref();
  appendFileSync(${JSON.stringify(pids)}, child.pid + ' '); return count`;
  await judge('return count', starts);
  const started = readFileSync(pids, 'utf8').trim().split(' ').map(Number);
  expect(started.length).toBeGreaterThan(0);
  await waitUntil('they have ended', () => started.every((pid) => !isAlive(pid)));
});

it.runIf(existsSync('/proc'))(
  'ends with a copy what was started from it and obeys no signal',
  async () => {
    const program = await tree.inCopy(undefined, async (folder) => {
      const script = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
      const words = ['-e', script, join(folder, 'main.ts')];
      const child = spawn(process.execPath, words, { detached: true });
      await once(child, 'spawn');
      return { ended: once(child, 'exit') };
    });
    expect(await program.ended).toEqual([null, 'SIGKILL']);
  },
);

it('changes nothing in the repository, and leaves no copy', async () => {
  await judge('>=', '>');
  const folder = join(repository, 'examples', ID);
  expect(readdirSync(folder).sort()).toEqual(['query.sql', 'sample.test.ts', 'sample.ts']);
  expect(readFileSync(join(folder, 'sample.ts'), 'utf8')).toBe(SOURCE);
  expect(readdirSync(tree.root).filter((name) => /^\d+$/.test(name))).toEqual([]);
});

it('leaves no listener behind after many mutants in one process', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);
  await judgeAll(Array.from({ length: 15 }, () => change('3', '3 as number')));
  process.off('warning', note);
  expect(warnings.map(({ name }) => name)).not.toContain('MaxListenersExceededWarning');
});

it('finds next to a copy what the example has next to it', async () => {
  mkdirSync(join(repository, 'examples/jobs/other'), { recursive: true });
  cpSync(join(ROOT, 'tsconfig.json'), join(repository, 'examples/jobs/other/other.json'));
  await tree.inCopy(undefined, async (folder) => {
    expect(readdirSync(join(folder, '..')).sort()).toEqual(['other', 'sample']);
    expect(readFileSync(join(folder, '../other/other.json'), 'utf8')).toContain('strict');
  });
});

it('starts again for each test file what their helpers start and end', async () => {
  const test =
    "import { service } from './service.ts'; import './sample.ts'; import { expect, it } from 'vitest';";
  const isOpen = "it('is open', () => expect(service.isOpen).toBe(true));";
  const helper = `import { afterAll } from 'vitest';
export const service = { isOpen: true };
afterAll(() => { service.isOpen = false; });`;
  const folder = makeSampleRepository(ID, {
    'sample.ts': 'export const limit = 3;',
    'service.ts': helper,
    'a.test.ts': test + isOpen,
    'b.test.ts': test + isOpen,
  });
  const copies = openMutantTree(folder, ID);
  onTestFinished(copies.removeAll);
  const executed = new Map([['sample.ts', [[0, 23] as [number, number]]]]);
  const records = ['a.test.ts', 'b.test.ts'].map((file) =>
    createTestRecord({ title: 'is open', file, executed }),
  );
  const mutant = { operator: 'sample', start: 21, end: 22, replacement: '4', meaning: '' };
  const [verdict] = await runMutants({
    tree: copies,
    mutants: [{ path: 'sample.ts', source: 'export const limit = 3;', mutant }],
    records,
    readersFiles: new Set(),
    lanes: 1,
    onVerdict: () => {},
  });
  expect(verdict).toMatchObject({ asked: 2, caughtByReaders: false });
});

type Change = { path: string; source: string; from: string; to: string };

function change(from: string, to: string, path = 'sample.ts'): Change {
  return { path, source: path === 'sample.ts' ? SOURCE : QUERY, from, to };
}

async function judge(from: string, to: string, names = NAMES, path = 'sample.ts') {
  const [verdict] = await judgeAll([change(from, to, path)], names);
  if (!verdict) throw new Error('there is no verdict');
  return verdict;
}

function judgeAll(changes: Change[], names = NAMES): Promise<Verdict[]> {
  const mutants = changes.map(placeChange);
  const readersFiles = new Set(['sample.test.ts']);
  const records = names.map(toRecord);
  return runMutants({ tree, mutants, records, readersFiles, lanes: 1, onVerdict: () => {} });
}

function placeChange({ path, source, from, to }: Change) {
  const start = source.indexOf(from);
  const end = start + from.length;
  return {
    path,
    source,
    mutant: { operator: 'sample', start, end, replacement: to, meaning: '' },
  };
}

function toRecord(title: string): TestRecord {
  const executed = new Map([['sample.ts', [[0, 10_000] as [number, number]]]]);
  const evidence = new Map([['query.sql', 'applied' as const]]);
  return createTestRecord({ title, file: 'sample.test.ts', executed, evidence });
}
