import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSources } from '../pattern/read-example.ts';
import type { Verdict } from './run-mutants.ts';
import { makeSampleRepository } from './testing/sample-repository.ts';
import { openVerdictMemory } from './verdict-memory.ts';

const ID = 'jobs/sample';
const SOURCE = 'export const limit = 3;';
const READERS = 'failures.test.ts';
const FILES = {
  'sample.ts': SOURCE,
  'helper.ts': 'export const three = 3;',
  [READERS]: `import { failure } from '@touchstone/kit/failure';
import { three } from './helper.ts';
import { limit } from './sample.ts';
failure('It is full', () => check(limit, three));
failure('It is empty', () => {});
function check() {}
`,
  'sample.test.ts': "import { it } from 'vitest'; it('has a limit', () => {});",
};
const PAGE = '---\ntitle: Sample\nfiles: [sample.ts]\n---\n';

const mutant = { operator: 'sample', start: 21, end: 22, replacement: '4', meaning: '' };
const placed = { path: 'sample.ts', source: SOURCE, mutant };
const red = { passed: false, test: 'It is full', how: 'failed', error: '' } as const;
const caught: Verdict = {
  ...placed,
  asked: 1,
  caught: { ...red, file: READERS },
  caughtByReaders: true,
};
const survived: Verdict = { ...placed, asked: 3, caughtByReaders: false };

let root: string;

beforeEach(() => {
  root = makeSampleRepository(ID, FILES);
  writeFileSync(join(root, 'package-lock.json'), '{"packages":{}}');
});

afterEach(() => rmSync(root, { recursive: true }));

describe('a mutant that a test caught', () => {
  beforeEach(() => open().remember(caught));

  it('is known in the next run', () => expect(open().recall(placed)).toEqual(caught));

  it.each([
    ['another test is added', READERS, "failure('It hangs', () => {});"],
    ['a test of another file changes', 'sample.test.ts', "it('is new', () => {});"],
  ])('is known when %s', (_, file, text) => {
    append(file, text);
    expect(open().recall(placed)).toEqual(caught);
  });

  it.each([
    ['that test changes', READERS, 'limit, three', 'limit, 3'],
    ['a helper of it changes', READERS, 'check() {}', 'check() { return; }'],
    ['what it imports changes', 'helper.ts', '= 3', '= 4'],
    ['the taken code changes elsewhere', 'sample.ts', ';', '; export const other = 1;'],
    ['that test is gone', READERS, 'It is full', 'It was full'],
  ])('is asked about again when %s', (_, file, from, to) => {
    write(file, FILES[file as keyof typeof FILES].replace(from, to));
    expect(open().recall(placed)).toBeUndefined();
  });

  it('is another one when the change is another', () => {
    const other = { ...placed, mutant: { ...mutant, replacement: '5' } };
    expect(open().recall(other)).toBeUndefined();
  });

  it('is known when the run was ended while it wrote the next one', () => {
    appendFileSync(memoryFile(), '{"mutant":"0');
    expect(open().recall(placed)).toEqual(caught);
  });
});

describe('a mutant that survived', () => {
  beforeEach(() => open().remember(survived));

  it('is known while all tests are the same', () =>
    expect(open().recall(placed)).toEqual(survived));

  it('is asked about again when any test is added', () => {
    append('sample.test.ts', "it('is new', () => {});");
    expect(open().recall(placed)).toBeUndefined();
  });
});

it('knows what the last run said', () => {
  open().remember(survived);
  open().remember(caught);
  expect(open().recall(placed)).toEqual(caught);
});

function open() {
  const sources = readSources(root, ID);
  return openVerdictMemory({ file: memoryFile(), root, id: ID, sources, page: PAGE });
}

const memoryFile = () => join(root, '.cache/verdicts', `${ID}.jsonl`);

const write = (file: string, text: string) => writeFileSync(join(root, 'examples', ID, file), text);

const append = (file: string, text: string) =>
  appendFileSync(join(root, 'examples', ID, file), text);
