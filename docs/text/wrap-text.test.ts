import { expect, it } from 'vitest';
import { wrapText } from './wrap-text.ts';

it('breaks at spaces, into lines that fit', () => {
  expect(wrapText('one two three', 7, 3)).toEqual(['one two', 'three']);
});

it('says with its last sign that there was more', () => {
  expect(wrapText('one two three four', 7, 2)).toEqual(['one two', 'three …']);
});

it('leaves a word whole that is longer than a line', () => {
  expect(wrapText('a counterintuitive one', 7, 3)).toEqual(['a', 'counterintuitive', 'one']);
});
