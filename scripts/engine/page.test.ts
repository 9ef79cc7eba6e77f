import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFixtures } from '../testing/read-fixtures.ts';
import { sortFindings } from './findings.ts';
import { buildPage } from './page.ts';

const fixtures = readFixtures(join(import.meta.dirname, 'fixtures'));

const KEYS = { proof: 'fresh', bench: 'fresh' };

describe('buildPage', () => {
  it.each(fixtures)('finds just what $name expects', ({ input, expected }) => {
    expect(sortFindings(buildPage(input).findings)).toEqual(expected);
  });

  it.each(fixtures)('fixes all drift of $name in one step', ({ input }) => {
    const { text } = buildPage(input);
    const again = buildPage({ ...input, text });
    expect(again.text).toBe(text);
    expect(again.findings.filter(({ code }) => code === 'drift')).toEqual([]);
  });

  it('leaves a page without drift as it is, to the byte', () => {
    const input = {
      id: 'area/x',
      text: '\uFEFF# T\tx  \r\n\r\n* a\r\n  ```ts source="a.ts#b"\r\n  one();\r\n  ```\r\nlast',
      sources: new Map([['a.ts', '// #region b\none();\n// #endregion b\n']]),
      keys: KEYS,
    };
    expect(buildPage(input).text).toBe(input.text);
  });

  it('writes the line endings and the indent of the text around a block', () => {
    const input = {
      id: 'area/x',
      text: '- a\r\n  > ```ts source="a.ts#b"\r\n  > old\r\n  > ```\r\n',
      sources: new Map([['a.ts', '// #region b\r\none();\r\n\r\ntwo();\r\n// #endregion b\r\n']]),
      keys: KEYS,
    };
    expect(buildPage(input).text).toBe(
      '- a\r\n  > ```ts source="a.ts#b"\r\n  > one();\r\n  >\r\n  > two();\r\n  > ```\r\n',
    );
  });

  it('tells the source line of each shown line', () => {
    const source =
      '// #region b\none();\n// #endregion b\nx();\n// #region b\ntwo();\n// #endregion b\n';
    const { shown } = buildPage({
      id: 'area/x',
      text: '```ts source="a.ts#b"\n```\n',
      sources: new Map([['a.ts', source]]),
      keys: KEYS,
    });
    expect(shown).toEqual([{ line: 1, file: 'a.ts', region: 'b', lines: [2, 0, 6] }]);
  });

  it('places a failure without a defence at its declaration', () => {
    const failure = {
      title: 'It breaks',
      symptom: 's',
      defence: 'nothing',
      remains: 'r',
      test: 0,
      line: 2,
    };
    const proof = { key: '', versions: {}, tests: ['f.test.ts > It breaks'], failures: [failure] };
    const { findings } = buildPage({
      id: 'area/x',
      text: '',
      sources: new Map([['f.test.ts', "\nfailure('It breaks', {});\n"]]),
      keys: KEYS,
      proof: JSON.stringify({ ...proof, files: {}, unproven: {}, outputs: {} }),
    });
    expect(findings.find(({ code }) => code === 'failure-defence')).toEqual({
      code: 'failure-defence',
      file: 'patterns/area/x.md',
      line: 1,
      column: 1,
      message:
        'the failure "It breaks" is defended by nothing, which is not a region of the example',
      fix: 'name the region that defends against it',
      source: { file: 'examples/area/x/f.test.ts', line: 2, column: 1 },
    });
  });

  it('finds a reference to a test that the proof does not have', () => {
    const proof = {
      key: '',
      versions: {},
      tests: ['a.test.ts > holds'],
      failures: [],
      files: {},
      unproven: {},
    };
    const { findings } = buildPage({
      id: 'area/x',
      text: '---\nreferences:\n  - test: a.test.ts > hold\n---\n',
      sources: new Map(),
      keys: KEYS,
      proof: JSON.stringify({ ...proof, outputs: {} }),
      references: [{ title: 'RFC', url: 'https://example.org', test: 'a.test.ts > hold' }],
    });
    expect(findings.find(({ code }) => code === 'reference-test')).toEqual({
      code: 'reference-test',
      file: 'patterns/area/x.md',
      line: 3,
      column: 11,
      message: 'the proof has no test "a.test.ts > hold"',
      hint: 'did you mean a.test.ts > holds?',
      fix: 'name a test of the example, or npm run prove -- area/x',
    });
  });
});
