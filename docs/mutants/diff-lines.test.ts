import { expect, it } from 'vitest';
import { diffLines } from './diff-lines.ts';

const draw = (was: string, now: string): string[] =>
  diffLines(was, now).map(({ mark, text }) => `${mark} ${text}`);

it('shows a changed line before and after', () => {
  expect(draw('a <= b', 'a < b')).toEqual(['- a <= b', '+ a < b']);
});

it('marks only the lines that change', () => {
  expect(draw('if (a) {\n  b();\n}', 'if (a) {\n}')).toEqual(['  if (a) {', '-   b();', '  }']);
  expect(draw('await a(\n  b,\n);', 'a(\n  b,\n);')).toEqual([
    '- await a(',
    '+ a(',
    '    b,',
    '  );',
  ]);
});

it('shows a line that is gone, and no empty line in its place', () => {
  expect(draw('a();', '')).toEqual(['- a();']);
});

it('takes no line for both the first and the last of what stays', () => {
  expect(draw('a\na', 'a')).toEqual(['  a', '- a']);
  expect(draw('a', 'a\na')).toEqual(['  a', '+ a']);
});
