import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../scripts/files/root.ts';
import { createSampleTree, SAMPLE_ID, SAMPLE_PAGE } from '../../scripts/testing/sample-tree.ts';

it('npm run check and npm run sync look at the texts for tools with all patterns, and not with one', () => {
  const tree = createSampleTree();
  const run = (command: string, ...words: string[]): string => {
    const script = join(ROOT, `scripts/commands/${command}.ts`);
    const options = { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } } as const;
    return spawnSync(process.execPath, [script, ...words, '--root', tree.root], options).stdout;
  };
  const page = readFileSync(join(ROOT, 'scripts/page/fixtures/valid/page.md'), 'utf8');
  tree.write(SAMPLE_PAGE, page);
  tree.write('agents/package.json', '{"version":"1.2.3"}\n');
  tree.write('CLAUDE.md', 'old\n');
  expect(run('check')).toContain('CLAUDE.md:1:1  generated-drift');
  expect(run('check', SAMPLE_ID)).not.toContain('CLAUDE.md');
  expect(run('sync', SAMPLE_ID)).not.toContain('CLAUDE.md');
  expect(run('sync')).toContain('wrote CLAUDE.md\n');
  expect(run('check')).not.toContain('CLAUDE.md');
  tree.remove();
});
