import { expect, it } from 'vitest';
import { rewriteImports } from './rewrite-imports.ts';

const SOURCE = `import { startMain } from 'touchstone/kit/app/main';
import type { Job } from './job.ts';
const later = await import('../job-queue.ts');
const WORKER = new URL('model-worker.ts', import.meta.url);
`;

const settings = { directory: 'src', migrations: 'migrations' };

it('changes nothing where TypeScript is run as it is', () => {
  const text = rewriteImports('a.ts', SOURCE, { ...settings, imports: 'ts', emits: false });
  expect(text).toBe(SOURCE);
});

it('names JavaScript where the compiler wants it, and finds workers before and after it ran', () => {
  const text = rewriteImports('a.ts', SOURCE, { ...settings, imports: 'js', emits: true });
  expect(text).toContain(`from './job.js'`);
  expect(text).toContain(`import('../job-queue.js')`);
  expect(text).toContain(
    `new URL(import.meta.url.endsWith('.ts') ? 'model-worker.ts' : 'model-worker.js', import.meta.url)`,
  );
});

it('does not change a file that is not TypeScript', () => {
  const sql = "select './a.ts'";
  expect(rewriteImports('a.sql', sql, { ...settings, imports: 'js', emits: true })).toBe(sql);
});
