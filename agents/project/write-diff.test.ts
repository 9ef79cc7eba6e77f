import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { makeFolder } from '../testing/test-library.ts';
import { writeDiff } from './write-diff.ts';

const names = { before: 'a/file', after: 'b/file' };

it('is empty when nothing changed', () => {
  expect(writeDiff('a\nb\n', 'a\nb\n', names)).toBe('');
});

it('shows what changed with three lines around it', () => {
  const before = '1\n2\n3\n4\n5\n6\n7\n8\n9\n';
  expect(writeDiff(before, before.replace('5', 'five'), names)).toBe(
    '--- a/file\n+++ b/file\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n',
  );
});

it('is what git takes for a patch', () => {
  using place = makeFolder();
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', '{', ''), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const [old, young] = [before.join('\n'), after.join('\n')];
      fc.pre(old !== young && old !== '' && young !== '');
      const file = join(place.folder, 'file');
      writeFileSync(file, old);
      const git = ['apply', '--unsafe-paths', '--whitespace=nowarn', '-'];
      execFileSync('git', git, { cwd: place.folder, input: writeDiff(old, young, names) });
      expect(readFileSync(file, 'utf8')).toBe(young);
    }),
    { numRuns: 60 },
  );
});
