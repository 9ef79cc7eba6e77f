import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../scripts/engine/findings.ts';
import { ROOT } from '../../scripts/files/root.ts';
import {
  createSampleTree,
  SAMPLE_PAGE,
  type SampleTree,
} from '../../scripts/testing/sample-tree.ts';
import { listCommands } from '../cli/command-list.ts';
import { NPX } from '../library/package-name.ts';
import { checkToolTexts } from './check-tool-texts.ts';

const AREA = 'agents/skills/touchstone-jobs/SKILL.md';
const REFERENCE = 'agents/skills/touchstone-jobs/references/queue.md';
const PAGE = readFileSync(join(ROOT, 'scripts/page/fixtures/valid/page.md'), 'utf8').replace(
  '\n---\n\n',
  '\nfiles: [jobs.ts]\n---\n\n',
);

let tree: SampleTree;

beforeEach(() => {
  tree = createSampleTree();
  tree.write('agents/package.json', '{"version":"1.2.3"}\n');
  tree.write('AGENTS.md', '# Sample\n');
  tree.write(SAMPLE_PAGE, PAGE);
  sync();
});

afterEach(() => tree.remove());

describe('generated files', () => {
  it('are as they should be once they were written, and are then left alone', () => {
    expect(summarize(check())).toEqual([]);
    expect(sync()).toEqual([]);
    expect(tree.read('CLAUDE.md')).toBe('@AGENTS.md\n');
    expect(tree.read('agents/AGENTS.block.md')).toContain('- queue: ');
  });

  it('that differ, or are missing, are generated-drift at the line where they begin to', () => {
    tree.write(AREA, tree.read(AREA).replace('# Patterns', '# Samples'));
    rmSync(join(tree.root, REFERENCE));
    expect(check()).toEqual([
      {
        code: 'generated-drift',
        file: AREA,
        line: 9,
        column: 1,
        message: 'this differs from what the patterns generate',
        fix: 'npm run sync',
      },
      expect.objectContaining({ file: REFERENCE, line: 1, message: 'the file is not there' }),
    ]);
    expect(sync()).toEqual([AREA, REFERENCE]);
    expect(check()).toEqual([]);
  });

  it('have the table of the commands in the README, and leave the rest of it alone', () => {
    const marks = [
      'Before.',
      '<!-- generated:commands -->',
      '<!-- /generated:commands -->',
      'After.',
    ];
    tree.write('agents/README.md', marks.join('\n'));
    expect(summarize(check())).toEqual(['agents/README.md:3:1 generated-drift']);
    sync();
    const text = tree.read('agents/README.md');
    for (const [name, { summary }] of listCommands()) {
      expect(text).toContain(`| \`${name}`);
      expect(text).toContain(`| ${summary} |`);
    }
    expect(text).toMatch(/^Before\.\n[\s\S]*\nAfter\.$/);
    expect(check()).toEqual([]);
  });

  it('follow the page, its code and the version', () => {
    tree.write(SAMPLE_PAGE, PAGE.replace(/^title: .*/m, 'title: Another name'));
    expect(check().map(({ file }) => file)).toContain(REFERENCE);
    sync();
    tree.write('agents/package.json', '{"version":"2.0.0"}\n');
    expect(check().map(({ file }) => file)).toEqual([
      'agents/.claude-plugin/plugin.json',
      'agents/AGENTS.block.md',
      'agents/skills/touchstone/SKILL.md',
      AREA,
    ]);
  });

  it('that no pattern makes are generated-stray, and sync removes them', () => {
    tree.write('agents/rules/cursor/old.mdc', 'old\n');
    tree.write('agents/skills/touchstone-old/references/old.md', 'old\n');
    expect(summarize(check())).toEqual([
      'agents/rules/cursor/old.mdc:1:1 generated-stray',
      'agents/skills/touchstone-old/references/old.md:1:1 generated-stray',
    ]);
    sync();
    expect(existsSync(join(tree.root, 'agents/rules/cursor/old.mdc'))).toBe(false);
    expect(check()).toEqual([]);
  });
});

it('knows nothing of generated files while a page cannot be read', () => {
  tree.write(SAMPLE_PAGE, PAGE.replace(/^title: .*/m, 'title: ""'));
  expect(check()).toEqual([]);
  expect(sync()).toEqual([]);
  expect(existsSync(join(tree.root, REFERENCE))).toBe(true);
});

describe('a text beyond its budget is budget-exceeded', () => {
  it.each([
    ['tokens', 'word '.repeat(2_100), '2,101 tokens'],
    ['lines', 'a\n'.repeat(121), '121 lines'],
    ['bytes', `${'internationalization '.repeat(395)}\n`, '8,296 bytes'],
  ])('AGENTS.md in %s', (_, text, cost) => {
    tree.write('AGENTS.md', text);
    const [finding] = check();
    expect(finding).toMatchObject({ code: 'budget-exceeded', file: 'AGENTS.md' });
    expect(
      check()
        .map(({ message }) => message)
        .join(),
    ).toContain(cost);
  });

  it('a brief text', () => {
    const useWhen = `useWhen:\n${'  - "You have a queue, and it is long and longer"\n'.repeat(30)}`;
    tree.write(SAMPLE_PAGE, PAGE.replace(/^useWhen:\n( {2}.*\n)+/m, useWhen));
    expect(budgets()).toEqual([
      expect.stringMatching(/^the brief text has \d+ tokens, and 250 is/),
    ]);
  });

  it('a standard text, which can leave out code and nothing else', () => {
    const rule = `1. ${'A rule that says too much. '.repeat(200)}`;
    tree.write(SAMPLE_PAGE, PAGE.replace('## How it works\n', `## How it works\n\n${rule}\n`));
    expect(budgets()).toEqual([
      expect.stringMatching(/^the standard text has 1,\d+ tokens, and 1,200 is the most$/),
    ]);
  });

  it('a skill, and the block, when their area has no end of patterns', () => {
    for (let index = 0; index < 350; index++) {
      const slug = `another-queue-${index}`;
      tree.write(`patterns/jobs/${slug}.md`, PAGE);
      tree.write(`examples/jobs/${slug}/package.json`, '{}\n');
    }
    expect(budgets()).toEqual([
      expect.stringMatching(/^the block has \d,\d+ tokens, and 2,200 is the most$/),
      expect.stringMatching(/^the skill has \d,\d+ tokens, and 900 is the most$/),
    ]);
  });
});

describe('files that cannot be taken are files-invalid', () => {
  it('when the frontmatter names none, or one that is not there', () => {
    tree.write(SAMPLE_PAGE, PAGE.replace('files: [jobs.ts]\n', ''));
    expect(summarize(check())).toContain(`${SAMPLE_PAGE}:1:1 files-invalid`);
    tree.write(SAMPLE_PAGE, PAGE.replace('[jobs.ts]', '[job.ts]'));
    const line = PAGE.split('\n').indexOf('files: [jobs.ts]') + 1;
    expect(summarize(check())).toContain(`${SAMPLE_PAGE}:${line}:1 files-invalid`);
  });

  it('when one imports what a project does not have', () => {
    tree.write('examples/jobs/queue/jobs.ts', "import express from 'express';\nexpress();\n");
    expect(check().map(({ message }) => message)).toContain(
      'jobs.ts is a file to copy, and imports express',
    );
  });

  it('when one opens a file whose name it does not write', () => {
    tree.write(
      'examples/jobs/queue/jobs.ts',
      'export const open = (name: string) => new URL(name, import.meta.url);\n',
    );
    expect(check().map(({ message }) => message)).toContain(
      "jobs.ts is copied, and opens a file by a variable: write new URL('its name', import.meta.url)",
    );
  });
});

describe('a name of nothing is reference-missing', () => {
  it.each([
    ['a path', 'See `docs/nothing.md`.', 'docs/nothing.md', 6],
    ['a link', 'See [it](scripts/nothing.ts#a).', 'scripts/nothing.ts', 10],
    ['a pattern', `Run \`${NPX} show jobs/qeue\`.`, 'jobs/qeue', 12 + NPX.length],
  ])('%s', (_, text, name, column) => {
    tree.write('AGENTS.md', `# Sample\n\n${text}\n`);
    const place = { code: 'reference-missing', file: 'AGENTS.md', line: 3, column };
    expect(check()).toMatchObject([place]);
    expect(check()[0]?.message).toContain(`this names ${name}, a `);
  });

  it('with the nearest there is', () => {
    tree.write('README.md', 'jobs/qeue\n');
    expect(check()).toMatchObject([{ file: 'README.md', hint: 'did you mean jobs/queue?' }]);
  });

  it('but not a placeholder, a place in a file, a folder or the web', () => {
    const text =
      'patterns/<area>/<slug>.md, examples/<id>/, examples/*/*.ts, `patterns/jobs/queue.md:3:1`, ' +
      'agents/, jobs/<slug>, jobs/queue, https://example.com/docs/none [a](#b) [c](https://a.b/c).\n';
    tree.write('AGENTS.md', text);
    expect(check()).toEqual([]);
  });
});

it('nothing is looked at where there is no package', () => {
  rmSync(join(tree.root, 'agents'), { recursive: true });
  expect(check()).toEqual([]);
});

const check = (): Finding[] => checkToolTexts(tree.root, { write: false }).findings;

const sync = (): string[] => checkToolTexts(tree.root, { write: true }).changed;

const summarize = (findings: Finding[]): string[] =>
  findings.map(({ file, line, column, code }) => `${file}:${line}:${column} ${code}`);

const budgets = (): string[] =>
  check()
    .filter(({ code }) => code === 'budget-exceeded')
    .map(({ message }) => message);
