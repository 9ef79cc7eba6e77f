import { expect, it } from 'vitest';
import { followImports, listKitModules, listPackages } from './follow-imports.ts';

const sources = new Map([
  [
    'pool.ts',
    `import { load } from './load.ts';\nconst W = new URL('worker.ts', import.meta.url);`,
  ],
  ['load.ts', `export type { Model } from './model.ts';`],
  ['model.ts', ''],
  ['worker.ts', `await import('./load.ts');`],
  ['page.ts', `response.sendFile('page.html', { root: import.meta.dirname });`],
  ['page.html', `<script src='pool.ts'></script>`],
  ['test.ts', `readdirSync(new URL('migrations/', import.meta.url));`],
  ['migrations/0001.sql', ''],
  ['other.ts', ''],
]);

it.each([
  [['pool.ts'], ['pool.ts', 'load.ts', 'model.ts', 'worker.ts']],
  [['page.ts'], ['page.ts', 'page.html']],
  [['not-there.ts'], []],
])('follows %j to what it imports and what it names', (entries, reached) => {
  expect([...followImports(sources, entries)].sort()).toEqual([...reached].sort());
});

it('takes what is in a folder that is named only when asked to', () => {
  expect([...followImports(sources, ['test.ts'])]).toEqual(['test.ts']);
  expect([...followImports(sources, ['test.ts'], { folders: true })]).toContain(
    'migrations/0001.sql',
  );
});

it('lists packages by their names, and leaves out Node and files', () => {
  const text = `import fs from 'node:fs';\nimport './a.ts';\nimport x from '@aws-sdk/client-s3';
export { y } from 'pg/lib/x.js';\nimport type { Z } from 'zod';\nawait import('sharp');
import { start } from '@touchstone/kit/postgres';`;
  expect(listPackages(text)).toEqual([
    '@aws-sdk/client-s3',
    'pg',
    'zod',
    'sharp',
    '@touchstone/kit',
  ]);
  expect(listKitModules(text)).toEqual(['postgres']);
});
