import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseShard, takeShard } from './shard.ts';

describe('takeShard', () => {
  it('gives each item to exactly one shard, and each shard as many as any other, or one less', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 40 }), (numbers, count) => {
        const items = numbers.map((number, index) => `${index}: ${number}`);
        const shards = Array.from({ length: count }, (_, index) =>
          takeShard(items, { index: index + 1, count }),
        );
        expect(shards.flat().sort()).toEqual(items.toSorted());
        const sizes = shards.map(({ length }) => length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(2);
      }),
    );
  });

  it('gives all to a run without shards', () => {
    expect(takeShard(['a', 'b'])).toEqual(['a', 'b']);
  });
});

describe('parseShard', () => {
  it('reads which part it is, and of how many', () => {
    expect(parseShard('2/8')).toEqual({ index: 2, count: 8 });
    expect(parseShard('8/8')).toEqual({ index: 8, count: 8 });
  });

  it.each(['', '0/8', '9/8', '2', '2/', '-1/3', '1.5/2', '1/0', 'a/b', '2/8 '])(
    'refuses %j',
    (text) => {
      expect(() => parseShard(text)).toThrow('is not a shard: write i/n');
    },
  );
});
