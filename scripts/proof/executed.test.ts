import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, findExecuted, type Span, touches, uniteSpans } from './executed.ts';

const range = (startOffset: number, endOffset: number, count: number) => ({
  startOffset,
  endOffset,
  count,
});

describe('findExecuted', () => {
  it('takes what the innermost range says', () => {
    expect(findExecuted([range(0, 100, 1), range(20, 60, 0), range(30, 40, 3)])).toEqual([
      [0, 20],
      [30, 40],
      [60, 100],
    ]);
  });

  it('finds nothing where the outer function did not run and the inner is not in the report', () => {
    expect(findExecuted([range(0, 100, 0)])).toEqual([]);
  });

  it('agrees with painting offset by offset, outer ranges first', () => {
    fc.assert(
      fc.property(fc.array(nestedRange(), { maxLength: 12 }), (ranges) => {
        const painted = new Array<number>(64).fill(0);
        for (const { startOffset, endOffset, count } of nest(ranges))
          painted.fill(count, startOffset, endOffset);
        const expected = painted.map((count) => count > 0);

        const spans = findExecuted(nest(ranges));

        expect(expected.map((_, at) => touches(spans, [at, at + 1]))).toEqual(expected);
      }),
    );
  });
});

describe('uniteSpans', () => {
  it('merges spans that overlap or touch, whatever their order', () => {
    const lists: Span[][] = [
      [[5, 9]],
      [
        [0, 3],
        [9, 12],
      ],
      [[20, 21]],
    ];

    expect(uniteSpans(lists)).toEqual([
      [0, 3],
      [5, 12],
      [20, 21],
    ]);
  });

  it('leaves the lists it was given as they are', () => {
    const first: Span[] = [[0, 3]];

    uniteSpans([first, [[2, 8]]]);

    expect(first).toEqual([[0, 3]]);
  });

  it('covers a span that no single list covers', () => {
    const united = uniteSpans([[[0, 4]], [[4, 8]]]);

    expect(covers(united, [2, 6])).toBe(true);
    expect(covers(united, [2, 9])).toBe(false);
  });
});

function nestedRange() {
  return fc
    .tuple(fc.nat(63), fc.nat(63), fc.nat(2))
    .map(([a, b, count]) => range(Math.min(a, b), Math.max(a, b) + 1, count));
}

/** V8's ranges never cross: of two that do, the later is left out. The outer of two comes first. */
function nest(ranges: ReturnType<typeof range>[]) {
  const kept: typeof ranges = [];
  for (const one of ranges) if (!kept.some((other) => crosses(one, other))) kept.push(one);
  return kept.sort((a, b) => b.endOffset - b.startOffset - (a.endOffset - a.startOffset));
}

type Range = ReturnType<typeof range>;

function crosses(a: Range, b: Range): boolean {
  const same = a.startOffset === b.startOffset && a.endOffset === b.endOffset;
  const apart = a.endOffset <= b.startOffset || b.endOffset <= a.startOffset;
  const inside = (x: Range, y: Range) =>
    y.startOffset <= x.startOffset && x.endOffset <= y.endOffset;
  return same || !(apart || inside(a, b) || inside(b, a));
}
