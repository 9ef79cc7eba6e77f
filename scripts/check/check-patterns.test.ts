import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../engine/findings.ts';
import { readSources } from '../pattern/read-example.ts';
import {
  createSampleTree,
  SAMPLE_ID,
  SAMPLE_PAGE,
  SAMPLE_SOURCE,
  SAMPLE_TEST,
  SAMPLE_TEXT,
  type SampleTree,
} from '../testing/sample-tree.ts';
import { checkPatterns, syncPattern } from './check-patterns.ts';

let tree: SampleTree;

beforeEach(() => {
  tree = createSampleTree();
});

afterEach(() => tree.remove());

describe('checkPatterns', () => {
  it('finds nothing where all is well', async () => {
    expect(await check()).toEqual({ findings: [], patterns: 1, snippets: 1, changed: [] });
  });

  it('writes nothing, and says where the page differs', async () => {
    tree.write(SAMPLE_PAGE, SAMPLE_TEXT.replace('claim();', 'old();'));
    const { findings } = await check();
    expect(findings).toEqual([
      {
        code: 'drift',
        file: SAMPLE_PAGE,
        line: 4,
        column: 1,
        message: 'this is not what jobs.ts#claim says',
        fix: `npm run sync -- ${SAMPLE_ID}`,
        source: { file: `examples/${SAMPLE_ID}/jobs.ts`, line: 2, column: 1 },
      },
    ]);
    expect(tree.read(SAMPLE_PAGE)).toContain('old();');
  });

  it('finds an example without a page and a page without an example', async () => {
    tree.write('examples/jobs/other/package.json', '{}\n');
    tree.write('patterns/jobs/third.md', '# Third\n');
    expect(summarize((await check()).findings)).toEqual([
      'examples/jobs/other/package.json:1:1 page-missing',
      'patterns/jobs/third.md:1:1 example-missing',
      'patterns/jobs/third.md:1:1 proof-missing',
    ]);
  });

  it('finds what belongs to no pattern, and leaves the kit alone', async () => {
    tree.write('examples/notes.txt', '');
    tree.write('examples/jobs/notes.txt', '');
    tree.write('examples/jobs/draft/index.ts', '');
    tree.write('examples/kit/time/clock.ts', '');
    tree.write('patterns/readme.md', '');
    tree.write('patterns/jobs/deep/page.md', '');
    tree.write('patterns/jobs/picture.png', '');
    expect(summarize((await check()).findings)).toEqual([
      'examples/jobs/draft:1:1 file-stray',
      'examples/jobs/notes.txt:1:1 file-stray',
      'examples/notes.txt:1:1 file-stray',
      'patterns/jobs/deep:1:1 file-stray',
      'patterns/jobs/picture.png:1:1 file-stray',
      'patterns/readme.md:1:1 file-stray',
    ]);
  });

  it('refuses links that point outside the repository, and links to folders', async () => {
    symlinkSync('/etc/hostname', join(tree.root, `examples/${SAMPLE_ID}/out.ts`));
    symlinkSync(tmpdir(), join(tree.root, `examples/${SAMPLE_ID}/folder`));
    symlinkSync('nowhere', join(tree.root, `examples/${SAMPLE_ID}/broken.ts`));
    rmSync(join(tree.root, SAMPLE_PAGE));
    symlinkSync('/etc/hostname', join(tree.root, SAMPLE_PAGE));
    expect(summarize((await check()).findings)).toEqual([
      `examples/${SAMPLE_ID}/broken.ts:1:1 file-unreadable`,
      `examples/${SAMPLE_ID}/folder:1:1 source-link`,
      `examples/${SAMPLE_ID}/out.ts:1:1 source-link`,
      `${SAMPLE_PAGE}:1:1 source-link`,
    ]);
  });

  it('follows a link that stays in the repository', () => {
    symlinkSync('jobs.ts', join(tree.root, `examples/${SAMPLE_ID}/same.ts`));
    expect([...readSources(tree.root, SAMPLE_ID)].sort()).toEqual([
      ['jobs.test.ts', SAMPLE_TEST],
      ['jobs.ts', SAMPLE_SOURCE],
      ['package.json', '{}\n'],
      ['same.ts', SAMPLE_SOURCE],
    ]);
  });

  it('reads neither records nor packages nor hidden files as sources', () => {
    for (const path of [
      '.env',
      'README.md',
      'bench.json',
      'node_modules/a.ts',
      'dist/a.js',
      '.data/a',
    ])
      tree.write(`examples/${SAMPLE_ID}/${path}`, '');
    tree.write(`examples/${SAMPLE_ID}/sql/schema.sql`, 'select 1;\n');
    expect([...readSources(tree.root, SAMPLE_ID).keys()].sort()).toEqual([
      'jobs.test.ts',
      'jobs.ts',
      'package.json',
      'sql/schema.sql',
    ]);
  });

  it('does not wait for what is not a file', async () => {
    execFileSync('mkfifo', [join(tree.root, `examples/${SAMPLE_ID}/pipe.ts`)]);
    expect((await check()).findings).toEqual([]);
  });

  it('checks one pattern alone when it is asked for one', async () => {
    tree.write('patterns/jobs/third.md', '# Third\n');
    const { findings, patterns } = await checkPatterns(tree.root, {
      ids: [SAMPLE_ID],
      structure: false,
    });
    expect({ findings, patterns }).toEqual({ findings: [], patterns: 1 });
  });
});

describe('syncPattern', () => {
  it('writes the page, keeps its mode, leaves nothing behind and tells what is left', async () => {
    tree.write(SAMPLE_PAGE, SAMPLE_TEXT.replace('claim();', 'old();'));
    chmodSync(join(tree.root, SAMPLE_PAGE), 0o600);
    const findings = await syncPattern(tree.root, SAMPLE_ID);
    expect(tree.read(SAMPLE_PAGE)).toBe(SAMPLE_TEXT);
    expect(statSync(join(tree.root, SAMPLE_PAGE)).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(tree.root, 'patterns/jobs'))).toEqual(['queue.md']);
    expect(findings.map(({ code }) => code)).not.toContain('drift');
  });

  it('does not touch a page that is as it should be', async () => {
    chmodSync(join(tree.root, SAMPLE_PAGE), 0o444);
    const before = statSync(join(tree.root, SAMPLE_PAGE)).mtimeMs;
    await syncPattern(tree.root, SAMPLE_ID);
    expect(statSync(join(tree.root, SAMPLE_PAGE)).mtimeMs).toBe(before);
  });
});

const check = () => checkPatterns(tree.root, { structure: false });

const summarize = (findings: Finding[]): string[] =>
  findings.map(({ file, line, column, code }) => `${file}:${line}:${column} ${code}`);
