import { expect, it } from 'vitest';
import { choosePartBytes, findMissing } from './part-plan.ts';

const MIB = 2 ** 20;

it('cuts a file into parts that follow each other, the last one shorter', () => {
  expect(findMissing({ size: 25, partBytes: 10 }, [])).toEqual([
    { number: 1, start: 0, size: 10 },
    { number: 2, start: 10, size: 10 },
    { number: 3, start: 20, size: 5 },
  ]);
  expect(findMissing({ size: 20, partBytes: 10 }, [])).toHaveLength(2);
});

it('makes the parts of a huge file larger: S3 takes ten thousand', () => {
  const size = 5 * MIB * MIB;

  const partBytes = choosePartBytes({ size, partBytes: 8 * MIB });

  const parts = findMissing({ size, partBytes }, []);
  expect(parts).toHaveLength(10_000);
  expect(parts.reduce((sum, part) => sum + part.size, 0)).toBe(size);
  expect(choosePartBytes({ size: 1, partBytes: 8 })).toBe(8);
});

it('takes a part of another size for one that has not come', () => {
  const stored = [
    { number: 1, size: 10, etag: '"a"' },
    { number: 2, size: 9, etag: '"b"' },
  ];

  const missing = findMissing({ size: 20, partBytes: 10 }, stored);

  expect(missing).toEqual([{ number: 2, start: 10, size: 10 }]);
});
