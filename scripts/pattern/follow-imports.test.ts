import { expect, it } from 'vitest';
import { followImports, listPackages } from './follow-imports.ts';

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
  ['parts/one.ts', `import './two.ts'; readFileSync(new URL('../model.ts', import.meta.url));`],
  ['parts/two.ts', ''],
  ['comment.ts', `// import './load.ts', and 'pool.ts'\nexport {};`],
  ['other.ts', ''],
]);

it.each([
  [['pool.ts'], ['pool.ts', 'load.ts', 'model.ts', 'worker.ts']],
  [['page.ts'], ['page.ts', 'page.html']],
  [['parts/one.ts'], ['parts/one.ts', 'parts/two.ts', 'model.ts']],
  [['comment.ts'], ['comment.ts']],
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
  const specifiers = ['node:fs', 'path', './a.ts', '@aws-sdk/client-s3', 'pg/lib/x.js', 'pg'];
  expect(listPackages(specifiers)).toEqual(['@aws-sdk/client-s3', 'pg']);
});
