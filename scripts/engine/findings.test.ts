import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readFixtures } from '../testing/read-fixtures.ts';
import { FINDING_CODES } from './findings.ts';

it('has a fixture or a test for every code there is', () => {
  const folders = ['fixtures', '../page/fixtures'].map((folder) =>
    join(import.meta.dirname, folder),
  );
  const expected = folders.flatMap(readFixtures).flatMap((fixture) => fixture.expected);
  const proven = new Set<string>(expected.map(({ code }) => code));
  // What takes a file system, or two pages, is tested where those are.
  const tests = [
    '../check/check-patterns.test.ts',
    '../page/core.test.ts',
    '../page/rules.test.ts',
    '../prose/check-prose.test.ts',
    '../page/mutants-rule.test.ts',
    '../pattern/requirements.test.ts',
    'page.test.ts',
    '../../agents/check/check-tool-texts.test.ts',
  ]
    .map((path) => readFileSync(join(import.meta.dirname, path), 'utf8'))
    .join('');
  expect(
    Object.keys(FINDING_CODES).filter((code) => !proven.has(code) && !tests.includes(code)),
  ).toEqual([]);
});
