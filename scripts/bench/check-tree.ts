import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SECTIONS } from '../page/levels.ts';
import { openKeys, type ReadKeys } from '../pattern/keys.ts';

const REGIONS = 10;
const TESTS = 20;
const SENTENCE = 'The worker claims a row, and no other worker sees it until the lease ends. ';

const KIT_MODULE = "import pg from 'pg';\n\nexport const openPool = () => new pg.Pool();\n";
const TEST = `import { openPool } from '@touchstone/kit/postgres/database';
import { expect, it } from 'vitest';
import { claim0 } from './pattern.ts';

it('does thing 0', async () => {
  expect(await claim0(openPool(), 'worker')).toBeUndefined();
});
`;

/** Writes a repository of that many patterns, each of 10 regions and as many snippets, not yet synced. */
export function writeTree(root: string, patterns: number): void {
  write(root, 'examples/kit/package.json', '{ "name": "@touchstone/kit" }\n');
  write(root, 'examples/kit/postgres/database.ts', KIT_MODULE);
  const readKeys = openKeys(root);
  for (let index = 0; index < patterns; index++)
    writePattern(root, readKeys, `area-${index % 10}/p-${index}`);
}

function writePattern(root: string, readKeys: ReadKeys, id: string): void {
  const page = writePage(id);
  const sources = new Map([
    ['pattern.ts', writeSource(id)],
    ['pattern.test.ts', TEST],
  ]);
  write(root, `examples/${id}/package.json`, '{}\n');
  for (const [path, text] of sources) write(root, `examples/${id}/${path}`, text);
  const { key } = readKeys({ id, sources, page }).proof;
  write(root, `examples/${id}/proof.json`, JSON.stringify(createProof(key), null, 2));
  write(root, `patterns/${id}.md`, page);
}

function write(root: string, path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
}

function writeSource(id: string): string {
  const regions = Array.from({ length: REGIONS }, (_, index) => [
    `// #region step-${index}`,
    `  /** Takes the next job, number ${index} of ${id}. */`,
    `  async function claim${index}(pool: Pool, worker: string) {`,
    `    const { rows } = await pool.query(CLAIM_${index}, [worker]);`,
    '    const [job] = rows;',
    '',
    '    if (job === undefined) return undefined;',
    '    return { id: job.id, payload: job.payload };',
    '  }',
    `// #endregion step-${index}`,
    '',
  ]);
  return regions.flat().join('\n');
}

function createProof(key: string) {
  const tests = Array.from(
    { length: TESTS },
    (_, index) => `pattern.test.ts > does thing ${index}`,
  );
  const failures = Array.from({ length: 5 }, (_, index) => ({
    title: `The worker dies at step ${index}`,
    symptom: 'the job stays claimed until its lease ends',
    defence: `step-${index}`,
    remains: 'The work of that lease is done twice',
    test: index,
  }));
  const lines = Object.fromEntries(
    Array.from({ length: REGIONS * 5 }, (_, index) => [
      `${2 * index + 1}-${2 * index + 2}`,
      '0-3 7',
    ]),
  );
  const files = { 'pattern.ts': { kind: 'executed', lines } };
  const outputs = { demo: 'claimed 1\ndone 1\n' };
  return { key, versions: {}, tests, failures, files, unproven: {}, outputs };
}

/** A page of level 3 and of usual length, which has no fault once it is synced. */
function writePage(id: string): string {
  const sections = SECTIONS.filter((title) => title !== 'Scale out').map((title) =>
    writeSection(title),
  );
  return [writeFrontmatter(id), ...sections].join('\n');
}

function writeFrontmatter(id: string): string {
  return `---
title: Pattern ${id}
summary: One worker gets one job, and a dead worker loses it
level: 1
needs: [postgres]
symptoms:
  "two workers ran the same job": Do it in one statement.
  "ERROR: could not obtain lock on row": Do it in one statement.
  "jobs stay in state running for ever": Do it in one statement.
useWhen:
  - the queue must be in the database that the data is in
notWhen:
  - when: thousands of jobs a second arrive
    instead: a broker
requires: []
related: []
references:
  - title: SELECT, the locking clause
    url: https://www.postgresql.org/docs/18/sql-select.html
    test: pattern.test.ts > does thing 1
topics: []
---
`;
}

function writeSection(title: string): string {
  return [`## ${title}`, '', ...(BODIES[title] ?? []), SENTENCE.repeat(6).trim(), ''].join('\n');
}

const fence = (index: number): string[] => [
  `\`\`\`ts source="pattern.ts#step-${index}"`,
  '```',
  '',
  'Then the next step.',
  '',
];

const block = (name: string): string[] => [
  `<!-- generated:${name} -->`,
  `<!-- /generated:${name} -->`,
  '',
];

const BODIES: Record<string, string[]> = {
  Problem: [4, 5, 6, 7, 8, 9].flatMap(fence),
  'How it works': [
    '```mermaid',
    'flowchart LR',
    '  worker --> job',
    '```',
    '',
    '1. One job, one worker.',
    '2. A lease ends.',
    '3. Done is done.',
    '',
  ],
  'The code': [0, 1, 2, 3].flatMap(fence),
  'Run it': ['```console output="demo"', '```', ''],
  'What can go wrong': block('failures'),
  References: block('references'),
};
