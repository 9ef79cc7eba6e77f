import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkPatterns, syncPattern } from './check.ts';
import type { Finding } from './engine/findings.ts';
import { hashSources } from './engine/hash.ts';
import { readSources } from './sources.ts';

const ID = 'jobs/queue';
const PAGE = `patterns/${ID}.md`;
const SOURCE = '// #region claim\nclaim();\n// #endregion claim\n';
const SYNCED = '# Queue\n\n```ts source="jobs.ts#claim"\nclaim();\n```\n';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'check-'));
  write(`examples/${ID}/package.json`, '{}\n');
  write(`examples/${ID}/jobs.ts`, SOURCE);
  write(`examples/${ID}/proof.json`, writeProof());
  write(PAGE, SYNCED);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('checkPatterns', () => {
  it('finds nothing where all is well', async () => {
    expect(await check()).toEqual({ findings: [], patterns: 1, snippets: 1, changed: [] });
  });

  it('writes nothing, and says where the page differs', async () => {
    write(PAGE, SYNCED.replace('claim();', 'old();'));
    const { findings } = await check();
    expect(findings).toEqual([
      {
        code: 'drift',
        file: PAGE,
        line: 4,
        column: 1,
        message: 'this is not what jobs.ts#claim says',
        mend: `npm run sync -- ${ID}`,
        source: { file: `examples/${ID}/jobs.ts`, line: 2, column: 1 },
      },
    ]);
    expect(read(PAGE)).toContain('old();');
  });

  it('finds an example without a page and a page without an example', async () => {
    write('examples/jobs/other/package.json', '{}\n');
    write('patterns/jobs/third.md', '# Third\n');
    expect(summarize((await check()).findings)).toEqual([
      'examples/jobs/other/package.json:1:1 page-missing',
      'patterns/jobs/third.md:1:1 example-missing',
      'patterns/jobs/third.md:1:1 proof-missing',
    ]);
  });

  it('finds what belongs to no pattern, and leaves the kit alone', async () => {
    write('examples/notes.txt', '');
    write('examples/jobs/notes.txt', '');
    write('examples/jobs/draft/index.ts', '');
    write('examples/kit/clock.ts', '');
    write('patterns/readme.md', '');
    write('patterns/jobs/deep/page.md', '');
    write('patterns/jobs/picture.png', '');
    expect(summarize((await check()).findings)).toEqual([
      'examples/jobs/draft:1:1 file-stray',
      'examples/jobs/notes.txt:1:1 file-stray',
      'examples/notes.txt:1:1 file-stray',
      'patterns/jobs/deep:1:1 file-stray',
      'patterns/jobs/picture.png:1:1 file-stray',
      'patterns/readme.md:1:1 file-stray',
    ]);
  });

  it('refuses links that lead out of the repository, and links to folders', async () => {
    symlinkSync('/etc/hostname', join(root, `examples/${ID}/out.ts`));
    symlinkSync(tmpdir(), join(root, `examples/${ID}/folder`));
    symlinkSync('nowhere', join(root, `examples/${ID}/broken.ts`));
    rmSync(join(root, PAGE));
    symlinkSync('/etc/hostname', join(root, PAGE));
    expect(summarize((await check()).findings)).toEqual([
      `examples/${ID}/broken.ts:1:1 file-unreadable`,
      `examples/${ID}/folder:1:1 source-link`,
      `examples/${ID}/out.ts:1:1 source-link`,
      `${PAGE}:1:1 source-link`,
    ]);
  });

  it('follows a link that stays in the repository', () => {
    symlinkSync('jobs.ts', join(root, `examples/${ID}/same.ts`));
    expect([...readSources(root, ID)].sort()).toEqual([
      ['jobs.ts', SOURCE],
      ['package.json', '{}\n'],
      ['same.ts', SOURCE],
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
      write(`examples/${ID}/${path}`, '');
    write(`examples/${ID}/sql/schema.sql`, 'select 1;\n');
    expect([...readSources(root, ID).keys()].sort()).toEqual([
      'jobs.ts',
      'package.json',
      'sql/schema.sql',
    ]);
  });

  it('does not wait for what is no file', async () => {
    execFileSync('mkfifo', [join(root, `examples/${ID}/pipe.ts`)]);
    expect((await check()).findings).toEqual([]);
  });

  it('checks one pattern alone when it is asked for one', async () => {
    write('patterns/jobs/third.md', '# Third\n');
    const { findings, patterns } = await checkPatterns(root, { ids: [ID], structure: false });
    expect({ findings, patterns }).toEqual({ findings: [], patterns: 1 });
  });
});

describe('syncPattern', () => {
  it('writes the page, keeps its mode, leaves nothing behind and tells what is left', async () => {
    write(PAGE, SYNCED.replace('claim();', 'old();'));
    chmodSync(join(root, PAGE), 0o600);
    const findings = await syncPattern(root, ID);
    expect(read(PAGE)).toBe(SYNCED);
    expect(statSync(join(root, PAGE)).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(root, 'patterns/jobs'))).toEqual(['queue.md']);
    expect(findings.map(({ code }) => code)).not.toContain('drift');
  });

  it('does not touch a page that is as it should be', async () => {
    chmodSync(join(root, PAGE), 0o444);
    const before = statSync(join(root, PAGE)).mtimeMs;
    await syncPattern(root, ID);
    expect(statSync(join(root, PAGE)).mtimeMs).toBe(before);
  });
});

describe('npm run check and npm run sync', () => {
  it('exit 1 for findings, in text that names the place and the mend', () => {
    write(PAGE, SYNCED.replace('claim();', 'old();'));
    const { status, stdout } = run('check', ID);
    expect(status).toBe(1);
    expect(stdout).toContain(`${PAGE}:4:1  drift  this is not what jobs.ts#claim says`);
    expect(stdout).toContain(`  mend: npm run sync -- ${ID}\n`);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^1 pattern, 1 snippet: \d+ findings$/);
  });

  it('print workflow commands for GitHub', () => {
    const { stdout } = run('check', '--format', 'github');
    const place = `file=${PAGE},line=1,col=1,title=frontmatter-missing`;
    expect(stdout).toContain(`::error ${place}::the page has no frontmatter%0Amend: begin`);
  });

  it('print JSON and nothing else', () => {
    const { stdout } = run('sync', '--format', 'json');
    const { patterns, changed, findings } = JSON.parse(stdout) as { findings: Finding[] } & Record<
      string,
      unknown
    >;
    expect({ patterns, changed }).toEqual({ patterns: 1, changed: [] });
    expect(findings.map(({ code }) => code)).toContain('frontmatter-missing');
  });

  it('exit 0 when all is well, and name what they wrote', () => {
    write(PAGE, readFixture('page.md'));
    write(`examples/${ID}/jobs.ts`, readFixture('jobs.ts'));
    write(`examples/${ID}/proof.json`, writeProof(JSON.parse(readFixture('proof.json')) as object));
    expect(run('check')).toEqual({
      status: 0,
      stdout: '1 pattern, 1 snippet: all is well\n',
      stderr: '',
    });
    write(PAGE, readFixture('page.md').replace('claim();', 'old();'));
    expect(run('sync')).toEqual({
      status: 0,
      stdout: `wrote ${PAGE}\n1 pattern, 1 written: all is well\n`,
      stderr: '',
    });
    expect(read(PAGE)).toBe(readFixture('page.md'));
  });

  it('exit 2 for what was asked wrongly', () => {
    expect(run('check', 'jobs/qeue')).toEqual({
      status: 2,
      stdout: '',
      stderr: 'check: there is no pattern "jobs/qeue": did you mean jobs/queue?\n',
    });
    expect(run('sync', '--format', 'xml').stderr).toBe(
      'sync: there is no format "xml": text, github or json\n',
    );
    expect(run('check', '--formt', 'json').status).toBe(2);
  });

  it('exit 2 when they fail themselves', () => {
    write('docs/catalogue.json', 'no json');
    expect(run('check').status).toBe(2);
  });
});

const check = () => checkPatterns(root, { structure: false });

function write(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const readFixture = (path: string): string =>
  readFileSync(join(import.meta.dirname, 'page/fixtures/valid', path), 'utf8');

function writeProof(facts: object = {}): string {
  const files = { 'jobs.ts': { kind: 'executed', lines: { '2': '0' } } };
  const hash = hashSources(readSources(root, ID));
  const empty = { tests: [], failures: [], unproven: {}, outputs: {} };
  return JSON.stringify({ ...empty, ...facts, files, hash });
}

const summarize = (findings: Finding[]): string[] =>
  findings.map(({ file, line, column, code }) => `${file}:${line}:${column} ${code}`);

function run(command: string, ...words: string[]) {
  const script = join(import.meta.dirname, 'commands', `${command}.ts`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, ...words, '--root', root],
    { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined } },
  );
  return { status, stdout, stderr };
}
