import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '@touchstone/kit/time/wait';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openMutantTree } from './mutant-tree.ts';
import { makeSampleRepository } from './testing/sample-repository.ts';

const ID = 'jobs/sample';
const PROGRAM = fileURLToPath(new URL('testing/run-sample.ts', import.meta.url));
const FILES = {
  'sample.ts': 'export const limit = 3;',
  'sample.test.ts': `import { it } from 'vitest';
import { limit } from './sample.ts';
it('ends while the limit is 3', async () => {
  if (limit !== 3) await new Promise(() => {});
});
`,
};

let repository: string;

beforeAll(() => {
  repository = makeSampleRepository(ID, FILES);
});

afterAll(() => rmSync(repository, { recursive: true }));

it('a run that is killed has changed nothing, and the next run removes its copies', async () => {
  const before = readAll(repository);
  const root = await killWhileJudging();
  expect(readAll(repository)).toEqual(before);
  openMutantTree(repository, ID).removeAll();
  expect(existsSync(root)).toBe(false);
});

/** The folder of a run's copies; it was killed while a changed copy was there. */
async function killWhileJudging(): Promise<string> {
  const child = spawn(process.execPath, [PROGRAM, repository, ID], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const root = await readFirstLine(child);
  await waitUntil('a copy is changed', () => hasChangedCopy(root) || child.exitCode !== null);
  child.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
  return root;
}

function hasChangedCopy(root: string): boolean {
  const copies = globSync(join('*/examples', ID, 'sample.ts'), { cwd: root });
  return copies.some((path) => readIfThere(join(root, path)) === 'export const limit = 4;');
}

/** A copy may be removed while it is looked for. */
function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

async function readFirstLine({ stdout }: ChildProcess): Promise<string> {
  for await (const chunk of stdout ?? []) return `${chunk}`.trim();
  throw new Error('run-sample.ts ended before it said where its copies are');
}

/** Every file and folder, packages left out: its text, its mode and when it was written. */
function readAll(folder: string) {
  return globSync('**/*', { cwd: folder, exclude: ['node_modules/**'] }).map((path) => {
    const file = join(folder, path);
    const stats = lstatSync(file);
    const text = stats.isFile() ? readFileSync(file, 'utf8') : '';
    return { path, mode: stats.mode, written: stats.mtimeMs, text };
  });
}
