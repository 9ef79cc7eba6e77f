import { expect, it } from 'vitest';
import { makeProject } from '../testing/test-library.ts';
import { findUnmet } from './find-unmet.ts';
import { findSettings } from './settings.ts';

function find(tsconfig: string | undefined, { node = '26.0.0', hasTests = false } = {}) {
  using place = makeProject(tsconfig ? { 'tsconfig.json': tsconfig } : {});
  return findUnmet({ settings: findSettings(place.project), hasTests, node });
}

const compile = (options: object) => JSON.stringify({ compilerOptions: options });

it.each([
  undefined,
  compile({}),
  compile({ target: 'ES2024' }),
  compile({ target: 'esnext' }),
  compile({ target: 'es2022', lib: ['ES2025', 'DOM'] }),
  compile({ target: 'es2022', lib: ['esnext'] }),
])('finds nothing in a project that knows enough: %s', (tsconfig) => {
  expect(find(tsconfig)).toEqual([]);
});

it.each([
  compile({ target: 'ES2023' }),
  compile({ target: 'es6' }),
  compile({ target: 'esnext', lib: ['es2022', 'dom'] }),
])('finds types that are too old: %s', (tsconfig) => {
  expect(find(tsconfig)).toEqual([expect.stringContaining('set "target" or "lib" to "ES2024"')]);
});

it('finds a Node that is too old for the code, or for its tests alone', () => {
  expect(find(undefined, { node: '22.1.0' })).toEqual([]);
  expect(find(undefined, { node: '20.20.2', hasTests: true })).toEqual([
    'the patterns need Node 22 or newer, and this is 20.20.2: update Node',
  ]);
  expect(find(undefined, { node: '22.23.5', hasTests: true })).toEqual([
    expect.stringContaining('the failure tests need Node 24'),
  ]);
});
