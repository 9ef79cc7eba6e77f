import { expect, it } from 'vitest';
import { readPackageLock } from '../pattern/read-package-lock.ts';
import { collectVersions } from './collect-versions.ts';
import { createTestRecord } from './create-test-record.ts';

const findLocked = readPackageLock(
  JSON.stringify({
    packages: {
      'node_modules/pg': { version: '8.23.1', integrity: 'a' },
      'node_modules/vitest': { version: '5.1.1', integrity: 'b' },
      'node_modules/@touchstone/kit': { link: true },
    },
  }),
);

const record = (services: Record<string, string>) => createTestRecord({ services });

it('names Node, then the services of all tests, then the packages of the example as they are locked', () => {
  const versions = collectVersions({
    folder: 'examples/jobs/queue',
    manifest: JSON.stringify({
      dependencies: { '@touchstone/kit': '0.0.0', pg: '^8.0.0' },
      devDependencies: { vitest: '5.1.1' },
    }),
    records: [record({ nginx: '1.22.1' }), record({ Postgres: '18.4' }), record({})],
    findLocked,
  });
  expect(Object.entries(versions)).toEqual([
    ['Node', process.versions.node],
    ['Postgres', '18.4'],
    ['nginx', '1.22.1'],
    ['pg', '8.23.1'],
  ]);
});
