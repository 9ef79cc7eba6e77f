import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../scripts/files/root.ts';
import { PACKAGE } from './package-name.ts';

it('is what the package is called', () => {
  const manifest = readFileSync(join(ROOT, 'agents/package.json'), 'utf8');
  expect(JSON.parse(manifest)).toMatchObject({ name: PACKAGE });
});

it('is in every text that tells how to run it: the bare name belongs to somebody else', () => {
  const files = execFileSync('git', ['ls-files', '*.md', '*.ts', '*.astro', '*.json'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const faulty = files
    .split('\n')
    .filter(
      (file) => file && /npx (?:-y )?touchstone\b/.test(readFileSync(join(ROOT, file), 'utf8')),
    );
  expect(faulty).toEqual([]);
});
