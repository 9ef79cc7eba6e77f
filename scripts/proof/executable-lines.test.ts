import { expect, it } from 'vitest';
import { findExecutableLines } from './executable-lines.ts';

const linesOf = (...source: string[]) => [...findExecutableLines(source.join('\n')).keys()];

it('counts neither types nor comments nor punctuation', () => {
  expect(
    linesOf(
      'type Row = {', //
      '  id: string;',
      '};',
      '// a comment',
      'const list = [',
      '  1,',
      '];',
      'interface Empty {}',
    ),
  ).toEqual([5, 6]);
});

it('counts each line of a template literal that holds text', () => {
  expect(
    linesOf(
      'query(`select 1', //
      '',
      '       from t',
      '       where id = $1`,',
      '  [id],',
      ');',
    ),
  ).toEqual([1, 3, 4, 5]);
});

it('gives spans at the offsets of the source, types not moved', () => {
  const source = 'const a: number = 1;';

  expect(findExecutableLines(source).get(1)).toEqual([
    [0, 5],
    [6, 7],
    [16, 17],
    [18, 19],
  ]);
});

it('counts lines with Windows line ends like any others', () => {
  expect(linesOf('const a = 1;\r', '\r', 'const b = 2;\r')).toEqual([1, 3]);
});
