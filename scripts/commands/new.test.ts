import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { ROOT } from '../files/root.ts';
import { createPattern } from '../pattern/create-pattern.ts';

const ID = 'demo-area/two-word-pattern';

it('makes a pattern that is formatted, proven and without a finding', async () => {
  const root = copyRepository();
  const run = (...words: string[]) => promisify(execFile)(process.execPath, words, { cwd: root });

  createPattern(root, ID);
  await run('node_modules/@biomejs/biome/bin/biome', 'check', '--write', `examples/${ID}`);
  await run('scripts/commands/prove.ts', ID);

  const check = await run('scripts/commands/check.ts', ID);
  expect(check.stdout).toContain('all is well');
  const skill = readFileSync(join(root, 'agents/skills/touchstone-demo-area/SKILL.md'), 'utf8');
  expect(skill).toContain('two-word-pattern');
  const page = readFileSync(join(root, 'patterns', `${ID}.md`), 'utf8');
  expect(page).toContain('title: Two word pattern');
  expect(page).toContain('| Many requests count at once |');
  expect(page).not.toMatch(/example-slug|example-area|ExampleSlug/);
});

it.each(['no-area', 'Auth/Upper', 'a/b/c', '../out/side', 'a/b_c', 'a/'])(
  'refuses %s as an id',
  (id) => {
    expect(() => createPattern('/nowhere', id)).toThrow('is not an id');
  },
);

/** As much of this repository as the commands need, with its packages. */
function copyRepository(): string {
  const root = mkdtempSync(join(tmpdir(), 'touchstone new '));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const name of [
    'agents',
    'scripts',
    'examples/kit',
    'examples/api-design/error-handling',
    'patterns/api-design/error-handling.md',
    'package.json',
    'biome.json',
    'vitest.config.ts',
    '.gitignore',
  ])
    cpSync(join(ROOT, name), join(root, name), { recursive: true, filter: isOurs });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  return root;
}

const isOurs = (path: string): boolean => !/\/(?:node_modules|dist)$/.test(path);
