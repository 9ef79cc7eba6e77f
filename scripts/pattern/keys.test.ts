import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openKeys } from './keys.ts';
import { listPatternIds } from './list-pattern-ids.ts';
import { readSources } from './read-example.ts';
import { readInside } from './read-inside.ts';

const QUEUE = 'examples/jobs/queue';
const DEVICES = 'examples/iot/devices';
const MAILS = 'examples/mails/sending';

/** Three patterns, of which the second builds on the first and the third on none, and a kit. */
const FILES: Record<string, string> = {
  'examples/kit/package.json': '{ "name": "@touchstone/kit" }',
  'examples/kit/postgres.ts': `import pg from 'pg'; import { findPort } from './free-port.ts';`,
  'examples/kit/mosquitto.ts': `import { findPort } from './free-port.ts';`,
  'examples/kit/swift.ts': `const SERVER = join(import.meta.dirname, 'swift-server.py');`,
  'examples/kit/swift-server.py': 'serve()',
  'examples/kit/free-port.ts': '',
  'examples/kit/bench.ts': '',
  'examples/kit/unused.ts': '// a comment',

  [`${QUEUE}/package.json`]: '{ "name": "@touchstone/jobs-queue" }',
  [`${QUEUE}/queue.ts`]: `import { z } from 'zod';`,
  [`${QUEUE}/taken-only.ts`]: '',
  [`${QUEUE}/main.ts`]: `import './app.ts';`,
  [`${QUEUE}/app.ts`]: `import express from 'express';`,
  [`${QUEUE}/by-hand.ts`]: '',
  [`${QUEUE}/demo.ts`]: `import '@touchstone/kit/swift'; new URL('main.ts', import.meta.url);`,
  [`${QUEUE}/queue.test.ts`]: `import { it } from 'vitest'; import './queue.ts';
import { freshDatabase } from '@touchstone/kit/postgres';`,
  [`${QUEUE}/bench.ts`]: `import '@touchstone/kit/bench'; import './queue.ts';
import 'pg-boss'; new URL('bench-worker.ts', import.meta.url); readFile('bench.conf');`,
  [`${QUEUE}/bench-worker.ts`]: '',
  [`${QUEUE}/bench.conf`]: '',
  [`${QUEUE}/schema.sql`]: 'create table jobs ();',
  [`${QUEUE}/proof.json`]: '{}',
  'patterns/jobs/queue.md': '---\ntitle: Queue\nfiles: [queue.ts, taken-only.ts]\n---\n# Queue\n',

  [`${DEVICES}/package.json`]: '{ "name": "@touchstone/iot-devices" }',
  [`${DEVICES}/devices.ts`]: `import '../../jobs/queue/queue.ts';`,
  [`${DEVICES}/devices.test.ts`]: `import { it } from 'vitest'; import './devices.ts';
import '@touchstone/kit/mosquitto'; const S = new URL('../../jobs/queue/schema.sql', import.meta.url);`,
  [`${DEVICES}/bench.ts`]: `import './devices.ts';`,
  [`${MAILS}/package.json`]: '{}',
  [`${MAILS}/mails.test.ts`]: '',
  [`${MAILS}/bench.ts`]: '',
  'patterns/iot/devices.md': '---\ntitle: Devices\nfiles: []\n---\n# Devices\n',
};

const locked = { version: '1.0.0', integrity: 'sha512-1' };
const NAMES = ['@biomejs/biome', 'body-parser', 'express', 'pg', 'pg-boss', 'vitest', 'zod'];
const LOCK = Object.fromEntries(NAMES.map((name) => [`node_modules/${name}`, locked]));

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'keys-'));
  for (const [path, text] of Object.entries(FILES)) write(path, text);
  writeLock({});
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('the keys of a pattern', () => {
  it.each<[change: string, path: string, stale: string[]]>([
    [
      'a file that its test imports, and with it those of the pattern that builds on it',
      `${QUEUE}/queue.ts`,
      ['queue', 'queue bench', 'devices', 'devices bench'],
    ],
    ['its test', `${QUEUE}/queue.test.ts`, ['queue']],
    ['a demo', `${QUEUE}/demo.ts`, ['queue']],
    ['a file that a demo starts as a program', `${QUEUE}/app.ts`, ['queue']],
    ['a file to copy', `${QUEUE}/taken-only.ts`, ['queue']],
    ['a file that only the bench imports', `${QUEUE}/bench.ts`, ['queue bench']],
    ['a worker that only the bench starts', `${QUEUE}/bench-worker.ts`, ['queue bench']],
    ['a configuration that only the bench loads', `${QUEUE}/bench.conf`, ['queue bench']],
    [
      'SQL, and of the pattern it is required by',
      `${QUEUE}/schema.sql`,
      ['queue', 'queue bench', 'devices'],
    ],
    ['a file that nothing imports', `${QUEUE}/by-hand.ts`, []],
    ['a record', `${QUEUE}/proof.json`, []],
    ['README.md', `${QUEUE}/README.md`, []],
    ['mutants.json', `${QUEUE}/mutants.json`, []],
    ['the pattern that requires it', `${DEVICES}/devices.ts`, ['devices', 'devices bench']],
    ['the module of the kit that starts Mosquitto', 'examples/kit/mosquitto.ts', ['devices']],
    ['the module of the kit that starts Postgres', 'examples/kit/postgres.ts', ['queue']],
    ['a module that others of the kit import', 'examples/kit/free-port.ts', ['queue', 'devices']],
    ['a Python file that the kit starts', 'examples/kit/swift-server.py', ['queue']],
    ['a module of the kit that nothing imports', 'examples/kit/unused.ts', []],
  ])('change with %s', (_change, path, stale) => {
    expect(listStale(() => write(path, `${FILES[path] ?? ''}\nchanged;`))).toEqual(stale);
  });

  it('change with a comment of their own, whose lines they record, and with no other', () => {
    const comment = (path: string) => () => write(path, `// why\n${FILES[path]} // and how`);
    expect(listStale(comment(`${QUEUE}/queue.ts`))).toEqual(['queue', 'queue bench']);
    expect(listStale(comment('examples/kit/free-port.ts'))).toEqual([]);
  });

  it.each<[name: string, stale: string[]]>([
    ['vitest', ['queue', 'devices']],
    ['pg', ['queue']],
    ['pg-boss', ['queue bench']],
    ['zod', ['queue', 'queue bench', 'devices', 'devices bench']],
    ['express', ['queue']],
    ['@biomejs/biome', []],
    ['body-parser', []],
  ])('change with the locked version of %s as it is imported', (name, stale) => {
    expect(
      listStale(() => writeLock({ [`node_modules/${name}`]: { ...locked, version: '1.0.1' } })),
    ).toEqual(stale);
  });

  it('stay when package.json asks for another tool', () => {
    const path = `${QUEUE}/package.json`;
    const manifest = { ...JSON.parse(`${FILES[path]}`), devDependencies: { tsx: '4.0.0' } };
    expect(listStale(() => write(path, JSON.stringify(manifest)))).toEqual([]);
  });

  it('change with the content of a package of the same version', () => {
    const other = { ...locked, integrity: 'sha512-2' };
    expect(listStale(() => writeLock({ 'node_modules/pg': other }))).toEqual(['queue']);
  });

  it('count a file of data that nothing names for the proof and for the bench', () => {
    const path = `${QUEUE}/fixtures/body.json`;
    expect(listStale(() => write(path, '{}'))).toEqual(['queue', 'queue bench']);
  });

  it('are the same with Windows line ends', () => {
    const path = `${QUEUE}/queue.ts`;
    write(path, `${FILES[path]}\n\n`);
    expect(listStale(() => write(path, `${FILES[path]}\r\n\r\n`))).toEqual([]);
  });

  it('stay when the pattern is moved', () => {
    for (const [path, text] of Object.entries(FILES))
      if (path.startsWith(QUEUE)) write(path.replace('jobs/queue', 'work/queue'), text);
    const page = FILES['patterns/jobs/queue.md'];
    const read = (id: string) => openKeys(root)({ id, sources: readSources(root, id), page });
    expect(read('work/queue').proof.key).toBe(read('jobs/queue').proof.key);
  });

  it('do not depend on the order of patterns nor of files', () => {
    const before = readAll();
    const orders = fc.record({
      ids: fc.shuffledSubarray(listPatternIds(root), { minLength: 3 }),
      names: fc.shuffledSubarray([...readSources(root, 'jobs/queue')], {
        minLength: readSources(root, 'jobs/queue').size,
      }),
    });
    fc.assert(
      fc.property(orders, ({ ids, names }) => {
        const shuffled = new Map(names);
        expect(readAll(ids, (id) => (id === 'jobs/queue' ? shuffled : undefined))).toEqual(before);
      }),
      { numRuns: 30 },
    );
  });
});

/** The records that a change makes stale. */
function listStale(change: () => void): string[] {
  const before = readAll();
  change();
  const after = readAll();
  return Object.keys(before).filter((record) => before[record] !== after[record]);
}

function readAll(
  ids = listPatternIds(root).toReversed(),
  replace: (id: string) => Map<string, string> | undefined = () => undefined,
): Record<string, string> {
  const readKeys = openKeys(root);
  const keys = new Map(
    ids.map((id) => {
      const sources = replace(id) ?? readSources(root, id);
      return [id, readKeys({ id, sources, page: readInside(root, `patterns/${id}.md`).text })];
    }),
  );
  const names = { 'jobs/queue': 'queue', 'iot/devices': 'devices', 'mails/sending': 'mails' };
  const records = Object.entries(names).flatMap(([id, name]) => [
    [name, `${keys.get(id)?.proof.key}`],
    [`${name} bench`, `${keys.get(id)?.bench.key}`],
  ]);
  return Object.fromEntries(records);
}

function writeLock(others: Record<string, object>): void {
  write('package-lock.json', JSON.stringify({ packages: { ...LOCK, ...others } }));
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
