import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'astro';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listRedirects, redirectsFile } from './redirects.ts';

const RENAMED = join(import.meta.dirname, '../../scripts/page/fixtures/renamed/page.md');

let root: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'redirects-'));
  mkdirSync(join(root, 'src/pages'), { recursive: true });
  cpSync(RENAMED, join(root, 'patterns/jobs/queue.md'));
  const redirects = listRedirects(root);
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    site: 'https://touchstone.example',
    trailingSlash: 'always',
    redirects,
    integrations: [redirectsFile(redirects)],
  });
});

afterAll(() => rmSync(root, { recursive: true }));

it('leads from the address of a former id to the page, without a script', () => {
  const html = readFileSync(join(root, 'dist/patterns/jobs/worker-queue/index.html'), 'utf8');

  expect(html).toContain('<meta http-equiv="refresh" content="0;url=/patterns/jobs/queue/">');
  expect(html).toContain(
    '<link rel="canonical" href="https://touchstone.example/patterns/jobs/queue/">',
  );
});

it('tells the host of each former address, and of its twin', () => {
  expect(readFileSync(join(root, 'dist/_redirects'), 'utf8').split('\n')).toEqual([
    '/patterns/jobs/worker-queue/ /patterns/jobs/queue/ 301',
    '/patterns/jobs/worker-queue.md /patterns/jobs/queue.md 301',
    '/patterns/work/jobs/ /patterns/jobs/queue/ 301',
    '/patterns/work/jobs.md /patterns/jobs/queue.md 301',
    '',
  ]);
});
