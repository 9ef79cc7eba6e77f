import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../engine/findings.ts';
import { readFrontmatter } from '../page/frontmatter.ts';
import { listPatternIds } from './list-pattern-ids.ts';
import { readSources } from './read-example.ts';
import { readInside } from './read-inside.ts';
import { openRequirements } from './requirements.ts';

const QUEUE = 'examples/jobs/queue';
const LOCKS = 'examples/postgres/locks';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'requirements-'));
  writePattern('postgres/locks', { files: ['lock.ts'] });
  write(`${LOCKS}/lock.ts`, "import './key.ts';");
  write(`${LOCKS}/key.ts`, '');
  write(`${LOCKS}/application.ts`, '');
  writePattern('jobs/queue', { files: ['queue.ts'], requires: ['postgres/locks'] });
  write(`${QUEUE}/queue.ts`, "\nimport { lock } from '../../postgres/locks/lock.ts';");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a pattern that builds on another', () => {
  it('passes when it requires what its taken files import', () => {
    expect(checkAll()).toEqual([]);
  });

  it('is requires-missing at the import when the page does not say so', () => {
    writePattern('jobs/queue', { files: ['queue.ts'] });
    expect(checkAll()).toEqual([
      {
        code: 'requires-missing',
        file: `${QUEUE}/queue.ts`,
        line: 2,
        column: 22,
        message: 'this uses postgres/locks, and the page does not require it',
        fix: 'add postgres/locks to requires in patterns/jobs/queue.md',
      },
    ]);
  });

  it.each(['queue.test.ts', 'demo.ts', 'bench.ts', 'tests/app.ts'])(
    'need not say so for %s, which a reader does not take',
    (name) => {
      write(`${QUEUE}/queue.ts`, '');
      writePattern('jobs/queue', { files: ['queue.ts'] });
      const up = name.includes('/') ? '../../..' : '../..';
      write(`${QUEUE}/${name}`, `await import('${up}/postgres/locks/key.ts');`);
      expect(checkAll()).toEqual([]);
      write(`${QUEUE}/${name}`, `await import('${up}/postgres/locks/application.ts');`);
      expect(summarize()).toEqual([`${QUEUE}/${name}:1:14 import-foreign`]);
    },
  );

  it('is requires-unused when only a test uses it', () => {
    write(`${QUEUE}/queue.ts`, '');
    write(`${QUEUE}/queue.test.ts`, "import '../../postgres/locks/lock.ts';");
    expect(summarize()).toEqual(['patterns/jobs/queue.md:8:12 requires-unused']);
  });

  it('uses it by naming a worker, or its SQL', () => {
    writePattern('postgres/locks', { files: ['lock.ts', 'schema.sql'] });
    write(`${LOCKS}/schema.sql`, '');
    write(`${QUEUE}/queue.ts`, "new URL('../../postgres/locks/lock.ts', import.meta.url)");
    write(`${QUEUE}/queue.test.ts`, "new URL('../../postgres/locks/schema.sql', import.meta.url)");
    expect(checkAll()).toEqual([]);
  });
});

describe('an import of another example is import-foreign', () => {
  it.each([
    ['of a file that no reader takes', 'postgres/locks/application.ts', undefined],
    ['of a file that is not there', 'postgres/locks/lok.ts', 'did you mean lock.ts?'],
    ['of a pattern that is not there', 'postgres/lock/lock.ts', 'did you mean postgres/locks?'],
  ])('%s', (_, path, hint) => {
    write(`${QUEUE}/app.ts`, `import '../../${path}';`);
    const [finding, ...others] = checkAll();
    const file = `${QUEUE}/app.ts`;
    expect(finding).toMatchObject({ code: 'import-foreign', file, line: 1, column: 8 });
    expect(finding?.hint).toBe(hint);
    expect(others).toEqual([]);
  });

  it('by the name of its package', () => {
    write(`${QUEUE}/app.ts`, "import '@touchstone/postgres-locks/lock.ts';");
    expect(summarize()).toEqual([`${QUEUE}/app.ts:1:8 import-foreign`]);
  });

  it('but not of the kit', () => {
    write(`${QUEUE}/app.ts`, "import '@touchstone/kit/time/clock'; import '../../kit/clock.ts';");
    expect(checkAll()).toEqual([]);
  });
});

it('patterns that require each other are requires-circle, each with the whole way', () => {
  writePattern('postgres/locks', { files: ['lock.ts'], requires: ['jobs/queue'] });
  write(`${LOCKS}/lock.ts`, "import '../../jobs/queue/queue.ts';");
  expect(summarize()).toEqual([
    'patterns/jobs/queue.md:8:12 requires-circle',
    'patterns/postgres/locks.md:8:12 requires-circle',
  ]);
  expect(checkAll()[0]?.message).toContain('jobs/queue → postgres/locks → jobs/queue');
});

it('a page above the level of what it requires is level-above-required', () => {
  writePattern('jobs/queue', { files: ['queue.ts'], requires: ['postgres/locks'], level: 3 });
  expect(checkAll()).toMatchObject([
    {
      code: 'level-above-required',
      line: 4,
      fix: 'write level: 2, or raise postgres/locks first',
    },
  ]);
});

it('two patterns of one slug are slug-twice', () => {
  writePattern('mails/queue', { files: ['queue.ts'] });
  expect(summarize()).toEqual([
    'patterns/jobs/queue.md:1:1 slug-twice',
    'patterns/mails/queue.md:1:1 slug-twice',
  ]);
});

type Page = { files: string[]; requires?: string[]; level?: number };

function writePattern(id: string, { files, requires = [], level = 2 }: Page): void {
  const lines = [
    ...[
      '---',
      'title: Name',
      'summary: Outcome',
      `level: ${level}`,
      'symptoms: { a: do it, b: do it, c: do it }',
    ],
    ...['useWhen: [one]', 'notWhen: [{ when: two, instead: three }]'],
    ...[`requires: [${requires.join(', ')}]`, `files: [${files.join(', ')}]`, '---', ''],
  ];
  write(`patterns/${id}.md`, lines.join('\n'));
  write(`examples/${id}/package.json`, '{}');
}

function write(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function checkAll(): Finding[] {
  const ids = listPatternIds(root);
  const check = openRequirements(root, ids);
  return ids.flatMap((id) => {
    const file = `patterns/${id}.md`;
    const frontmatter = readFrontmatter(file, readInside(root, file).text ?? '');
    return check({ id, file, sources: readSources(root, id), frontmatter });
  });
}

const summarize = (): string[] =>
  checkAll().map(({ file, line, column, code }) => `${file}:${line}:${column} ${code}`);
