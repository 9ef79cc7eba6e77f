import { expect, it } from 'vitest';
import { readPackageLock } from './read-package-lock.ts';

const findLocked = readPackageLock(
  JSON.stringify({
    packages: {
      '': { version: '0.0.0' },
      'node_modules/pg': { version: '8.0.0', integrity: 'root' },
      'examples/jobs/queue/node_modules/pg': { version: '7.0.0', integrity: 'own' },
      'node_modules/@db/linux': { version: '1.0.0', integrity: 'l' },
      'node_modules/@db/darwin': { version: '1.0.1', integrity: 'd' },
      'node_modules/@touchstone/kit': { resolved: 'examples/kit', link: true },
    },
  }),
);

it('finds the package that Node would load from the folder', () => {
  expect(findLocked('examples/kit', 'pg')).toEqual([
    { name: 'pg', version: '8.0.0', integrity: 'root' },
  ]);
  expect(findLocked('examples/jobs/queue', 'pg')).toEqual([
    { name: 'pg', version: '7.0.0', integrity: 'own' },
  ]);
});

it('finds all of a scope', () => {
  const names = findLocked('examples/kit', '@db/*').map(({ name }) => name);
  expect(names).toEqual(['@db/linux', '@db/darwin']);
});

it('finds neither what is not locked nor what is a folder of the repository', () => {
  expect(findLocked('examples/kit', 'zod')).toEqual([]);
  expect(findLocked('examples/kit', '@touchstone/kit')).toEqual([]);
  expect(readPackageLock(undefined)('examples/kit', 'pg')).toEqual([]);
});
