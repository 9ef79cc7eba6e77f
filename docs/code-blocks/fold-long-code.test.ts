import { expect, it } from 'vitest';
import { findFold } from './fold-long-code.ts';

const lines = (count: number, ...blank: number[]) =>
  Array.from({ length: count }, (_, index) => ({ text: blank.includes(index) ? '' : 'step();' }));

it.each([
  ['nothing of a short block', lines(14), 14],
  ['after ten lines', lines(15), 10],
  ['at a blank line that is near', lines(30, 8, 12, 20), 12],
  ['not at one that is far', lines(30, 3, 7, 13), 10],
])('folds %s', (_, code, shown) => {
  expect(findFold(code)).toBe(shown);
});
