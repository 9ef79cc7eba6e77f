import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hashParts, hashText } from './hash.ts';

const parts = fc.uniqueArray(fc.tuple(fc.string(), fc.string()), { selector: ([name]) => name });

it('does not depend on the order of the parts', () => {
  const shuffled = parts.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  fc.assert(
    fc.property(shuffled, ([list, other]) => {
      expect(hashParts(other)).toBe(hashParts(list));
    }),
  );
});

it('depends on each name and each content', () => {
  const base = hashParts([['a', 'b']]);
  expect(hashParts([['a', 'c']])).not.toBe(base);
  expect(hashParts([['b', 'b']])).not.toBe(base);
  expect(hashParts([])).not.toBe(base);
});

it('is the same for both line endings', () => {
  expect(hashText('a\r\nb\r\n')).toBe(hashText('a\nb\n'));
  expect(hashText('a\rb')).not.toBe(hashText('a\nb'));
});
