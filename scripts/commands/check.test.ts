import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../engine/findings.ts';
import {
  createSampleTree,
  SAMPLE_ID,
  SAMPLE_PAGE,
  SAMPLE_TEXT,
  type SampleTree,
} from '../testing/sample-tree.ts';

let tree: SampleTree;

beforeEach(() => {
  tree = createSampleTree();
});

afterEach(() => tree.remove());

describe('npm run check and npm run sync', () => {
  it('exit 1 for findings, in text that names the place and the fix', () => {
    tree.write(SAMPLE_PAGE, SAMPLE_TEXT.replace('claim();', 'old();'));
    const { status, stdout } = run('check', SAMPLE_ID);
    expect(status).toBe(1);
    expect(stdout).toContain(`${SAMPLE_PAGE}:4:1  drift  this is not what jobs.ts#claim says`);
    expect(stdout).toContain(`  fix: npm run sync -- ${SAMPLE_ID}\n`);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^1 pattern, 1 snippet: \d+ findings$/);
  });

  it('print workflow commands for GitHub', () => {
    const { stdout } = run('check', '--format', 'github');
    const place = `file=${SAMPLE_PAGE},line=1,col=1,title=frontmatter-missing`;
    expect(stdout).toContain(`::error ${place}::the page has no frontmatter%0Afix: begin`);
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
    tree.write(SAMPLE_PAGE, readFixture('page.md'));
    tree.write(`examples/${SAMPLE_ID}/jobs.ts`, readFixture('jobs.ts'));
    tree.prove(JSON.parse(readFixture('proof.json')) as object);
    expect(run('check')).toEqual({
      status: 0,
      stdout: '1 pattern, 1 snippet: all is well\n',
      stderr: '',
    });
    tree.write(SAMPLE_PAGE, readFixture('page.md').replace('claim();', 'old();'));
    expect(run('sync')).toEqual({
      status: 0,
      stdout: `wrote ${SAMPLE_PAGE}\n1 pattern, 1 written: all is well\n`,
      stderr: '',
    });
    expect(tree.read(SAMPLE_PAGE)).toBe(readFixture('page.md'));
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
    tree.write('docs/catalogue.json', 'no json');
    expect(run('check').status).toBe(2);
  });
});

const readFixture = (path: string): string =>
  readFileSync(join(import.meta.dirname, '../page/fixtures/valid', path), 'utf8');

function run(command: string, ...words: string[]) {
  const script = join(import.meta.dirname, `${command}.ts`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, ...words, '--root', tree.root],
    { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined } },
  );
  return { status, stdout, stderr };
}
