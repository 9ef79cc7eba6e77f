import { expect, it } from 'vitest';
import { type FileReference, rewriteReferences } from './rewrite-references.ts';

const SOURCE = `import { a } from './a.ts';
import type { B } from "./b.ts";
export * from '../../area/slug/c.ts';
const d = await import(
  './d.ts'
);
type E = import('./e.ts').E;
const f = new URL('f.ts', import.meta.url);
const g = ['../../area/slug/schema.sql', './no.ts', \`from './no.ts'\`];
// import h from './no.ts';
`;

it('finds imports in code alone, addresses of files, and paths that go up', () => {
  const found: FileReference[] = [];
  rewriteReferences(SOURCE, (reference) => void found.push(reference));
  expect(found.map(({ kind, word }) => `${kind} ${word}`).sort()).toEqual([
    'import ../../area/slug/c.ts',
    'import ./a.ts',
    'import ./b.ts',
    'import ./d.ts',
    'import ./e.ts',
    'path ../../area/slug/schema.sql',
    'url f.ts',
  ]);
});

it('changes the words and nothing around them', () => {
  const text = rewriteReferences(SOURCE, ({ word }) => (word === './d.ts' ? '../d.ts' : undefined));
  expect(text).toBe(SOURCE.replace("'./d.ts'", "'../d.ts'"));
});
