import { expect, it } from 'vitest';
import { rewriteImports } from './rewrite-imports.ts';

const SOURCE = `import { startMain } from '@touchstone-patterns/cli/kit/app/main';
import type { Job } from './job.ts';
const later = await import('../job-queue.ts');
const WORKER = new URL('model-worker.ts', import.meta.url);
`;

const FILE = { role: 'pattern', source: 'a.ts' } as const;
const RUNS = { imports: 'ts', emits: false, isCommonJs: false } as const;
const COMPILES = { imports: 'js', emits: true, isCommonJs: false } as const;

it('changes nothing where TypeScript is run as it is', () => {
  expect(rewriteImports(FILE, SOURCE, RUNS)).toBe(SOURCE);
});

it('names JavaScript where the compiler wants it, and finds workers before and after it ran', () => {
  const text = rewriteImports(FILE, SOURCE, COMPILES);
  expect(text).toContain(`from './job.js'`);
  expect(text).toContain(`import('../job-queue.js')`);
  expect(text).toContain(
    `new URL(import.meta.url.endsWith('.ts') ? 'model-worker.ts' : 'model-worker.js', import.meta.url)`,
  );
});

it('names its own file as CommonJS does where that is emitted, and in no test', () => {
  const common = { ...COMPILES, isCommonJs: true };
  expect(rewriteImports(FILE, SOURCE, common)).not.toContain('import.meta');
  expect(rewriteImports(FILE, SOURCE, common)).toContain('pathToFileURL(__filename).href');
  expect(rewriteImports({ ...FILE, role: 'test' }, SOURCE, common)).toContain('import.meta.url');
});

it('does not change a file that is not TypeScript', () => {
  const sql = "select './a.ts'";
  expect(rewriteImports({ ...FILE, source: 'a.sql' }, sql, COMPILES)).toBe(sql);
});
