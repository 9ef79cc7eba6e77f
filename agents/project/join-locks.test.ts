import { expect, it } from 'vitest';
import { joinLocks, separateSides } from './join-locks.ts';
import { type Lock, lockFile } from './lock-file.ts';

const makeLock = (text: string, asked: boolean, path = 'a.ts'): Lock => ({
  lockVersion: 1,
  directory: 'patterns',
  migrations: 'migrations',
  imports: 'ts',
  packages: [],
  patterns: {
    'a/b': { version: '1.0.0', asked, files: { [path]: lockFile('pattern', 'a.ts', text) } },
  },
});

it('finds both sides of a conflict, also where Git shows what was before', () => {
  const merged = '1\n<<<<<<< HEAD\n2\n=======\n3\n4\n>>>>>>> other\n5\n';
  const shown = '1\n<<<<<<< HEAD\n2\n||||||| base\n0\n=======\n3\n4\n>>>>>>> other\n5\n';
  for (const text of [merged, shown])
    expect(separateSides(text)).toEqual(['1\n2\n5\n', '1\n3\n4\n5\n']);
  expect(separateSides('1\n')).toEqual(['1\n']);
});

it('takes of a file that both sides have the record that fits the project, and all files of both', () => {
  const [mine, theirs] = [makeLock('old', false), makeLock('new', true)];
  const { sha256 } = lockFile('pattern', 'a.ts', 'new');
  const join = (other: Lock, hash: string) =>
    joinLocks(mine, other, (_, file) => file.sha256 === hash).patterns['a/b'];
  expect(join(theirs, sha256)).toEqual(theirs.patterns['a/b']);
  expect(join(theirs, 'neither')?.files).toEqual(mine.patterns['a/b']?.files);
  expect(Object.keys(join(makeLock('new', true, 'b.ts'), '')?.files ?? {}).sort()).toEqual([
    'a.ts',
    'b.ts',
  ]);
});
