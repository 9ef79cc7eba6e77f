import { describe, expect, it } from 'vitest';
import { comparePackages, findIncompatible } from './package-json.ts';

const PROVEN = { pg: '8.22.0', express: '5.2.1', hono: '0.4.2' };

/** What adding a package says of the version that is there, and whether verify refuses it. */
function judge(name: keyof typeof PROVEN, present: string) {
  const change = { dependencies: { [name]: PROVEN[name] } };
  const { missing, others } = comparePackages({ dependencies: { [name]: present } }, change);
  expect(missing).toEqual({});
  const isTold = others.length > 0;
  return { isTold, isRefused: findIncompatible(others).length > 0 };
}

const fits = { isTold: false, isRefused: false };
const differs = { isTold: true, isRefused: false };
const conflicts = { isTold: true, isRefused: true };

describe('the version that a project has of a package', () => {
  it.each([
    '5.2.1',
    '=5.2.1',
    'v5.2.1',
    '^5.2.0',
    '~5.2.0',
    '5.x',
    '5',
    '>=4',
    '^5 || ^4',
    '4 - 6',
    '*',
    '',
    'workspace:^5.0.0',
    'npm:express@^5.1.0',
  ])('fits when its range has the version proven: %j', (present) => {
    expect(judge('express', present)).toEqual(fits);
  });

  it.each(['5.1.0', '^5.3.0', '5.1.x', '~5.1.0'])(
    'is told when it is another of the same major: %j',
    (present) => {
      expect(judge('express', present)).toEqual(differs);
    },
  );

  it.each(['4.19.0', '^4.19.0', '>=6', '^3 || ^4', '<5', 'npm:express@4'])(
    'is refused when no version of the major can be installed: %j',
    (present) => {
      expect(judge('express', present)).toEqual(conflicts);
    },
  );

  it('is refused below 1.0 when the second number differs, for there it counts as the major', () => {
    expect(judge('hono', '^0.4.0')).toEqual(fits);
    expect(judge('hono', '0.4.1')).toEqual(differs);
    expect(judge('hono', '^0.3.0')).toEqual(conflicts);
  });

  it.each([
    'catalog:',
    'catalog:web',
    'workspace:*',
    'latest',
    'github:brianc/node-postgres',
    'file:../pg',
  ])('is told and not refused when package.json does not say it: %j', (present) => {
    expect(judge('pg', present)).toEqual(differs);
  });
});
