import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkSourceProse, checkTexts } from './check-prose.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'prose-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

it('finds a wording in a guide, a message and a label, with its place', () => {
  write('docs/content/docs/guides/start.md', '# Start\n\nIt shall wait.\n');
  write('scripts/say.ts', "say('it shall wait');\n");
  write('docs/components/Home.astro', '<p>It shall wait</p>\n');
  expect(
    checkTexts(root)
      .map(({ file, line, column }) => `${file}:${line}:${column}`)
      .sort(),
  ).toEqual([
    'docs/components/Home.astro:1:7',
    'docs/content/docs/guides/start.md:3:4',
    'scripts/say.ts:1:9',
  ]);
});

it('says what to write instead', () => {
  write('README.md', 'It shall wait.\n');
  expect(checkTexts(root)).toMatchObject([
    { code: 'wording', message: '"shall" slows readers down', fix: 'write instead: must, should' },
  ]);
});

it('finds a wording in what an example says, and not in its comments and names', () => {
  const sources = new Map([
    ['say.ts', "// It shall wait.\nconst shall = 'it shall wait';\n"],
    ['schema.sql', '-- It shall wait.\n'],
  ]);
  expect(checkSourceProse('jobs/queue', sources)).toMatchObject([
    { file: 'examples/jobs/queue/say.ts', line: 2, column: 19 },
  ]);
});

it('reads neither packages nor examples nor what is generated', () => {
  for (const file of ['CLAUDE.md', 'docs/node_modules/a/a.mjs', 'examples/a/b/README.md'])
    write(file, 'It shall wait.\n');
  expect(checkTexts(root)).toEqual([]);
});

function write(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
