import { expect, it } from 'vitest';
import { findWordings } from './find-wordings.ts';

it('finds a wording, where it is and what to write instead', () => {
  expect(findWordings('A job waits.\nIt shall wait.')).toEqual([
    { words: 'shall', instead: 'must, should', line: 2, column: 4 },
  ]);
});

it('finds a wording that a line break divides', () => {
  expect(findWordings('the order stands\n  behind it')).toMatchObject([
    { words: 'stands behind', line: 1, column: 11 },
  ]);
});

it.each([
  ['The key lies in the cache.', 'lies in'],
  ['It is no number.', 'is no'],
  ['WHOEVER passes it', 'WHOEVER'],
  ['A client that one can trust', 'one can'],
  ['It is never changed, for it was applied.', 'for it'],
  ['**The attacker** knows the URL, and sends what he likes.', 'he'],
  ['the code that a reader takes', 'code that a reader takes'],
  ['**Worth protecting:** the keys.', 'Worth protecting'],
  ['With ········· behind it, it runs a demo.', 'behind it'],
  ['Workers share nothing but Postgres.', 'share nothing but'],
  ['Read ratios, and where ranges overlap, see below.', 'Read ratios'],
  ['Where ranges overlap, read no difference.', 'read no difference'],
  ['Not covered here: quotas.', 'Not covered here'],
  ['The order has its price.', 'has its price'],
])('finds in "%s" its wording', (text, words) => {
  expect(findWordings(text)).toMatchObject([{ words }]);
});

it.each([
  'There is no limit, and it is no longer than a line.',
  'The new one can read what the old one wrote.',
  'It waits, for it to be ready is not enough.',
  'Ada sees her own file, and Bob sees his.',
  'A mark stands for a line, and a standby is a copy.',
  'recommend, withstand, marshall',
  'An item has a price. It stops all devices behind it, and more.',
])('finds nothing in "%s"', (text) => {
  expect(findWordings(text)).toEqual([]);
});
