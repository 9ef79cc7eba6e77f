import type { Relation } from '../patterns/relations.ts';
import { wrapText } from '../text/wrap-text.ts';

/** An area and its patterns. */
export type MapArea = { area: string; patterns: { id: string; title: string }[] };

/** Which column of the map something stands in. */
export type Side = 'left' | 'right';

/** A pattern within its area. */
export type Row = { id: string; lines: string[]; y: number; height: number };

/** An area with the place of its box. */
export type PlacedArea = { area: string; rows: Row[]; height: number; side: Side; y: number };

const MOST_LETTERS = 40;
const LINE = 18;
const PADDING = 8;
const HEADER = 36;
const GAP = 16;

/** Places areas in two columns of about one height, so that what belongs together stands close together. */
export function placeAreas(areas: MapArea[], relations: Relation[]): PlacedArea[] {
  const order = areas.map(measureArea);
  let best = stackAreas(order);
  for (const [first, second] of listPairs(order.length)) {
    swap(order, first, second);
    const candidate = stackAreas(order);
    if (measureLines(candidate, relations) < measureLines(best, relations)) best = candidate;
    else swap(order, first, second);
  }
  return best;
}

function measureArea({ area, patterns }: MapArea): Omit<PlacedArea, 'side' | 'y'> {
  let y = HEADER;
  const rows = patterns.map(({ id, title }) => {
    const lines = wrapText(title, MOST_LETTERS, 3);
    const row = { id, lines, y, height: lines.length * LINE + PADDING };
    y += row.height;
    return row;
  });
  return { area, rows, height: y + PADDING };
}

/** The first half of the areas stands on the left, by height. */
function stackAreas(areas: Omit<PlacedArea, 'side' | 'y'>[]): PlacedArea[] {
  const half = areas.reduce((sum, { height }) => sum + height + GAP, 0) / 2;
  let left = 0;
  let right = 0;
  return areas.map((area) => {
    const taken = area.height + GAP;
    if (right === 0 && left + taken / 2 <= half) {
      left += taken;
      return { ...area, side: 'left', y: left - taken };
    }
    right += taken;
    return { ...area, side: 'right', y: right - taken };
  });
}

/** How far apart related patterns stand; along one column a line has to go around. */
function measureLines(areas: PlacedArea[], relations: Relation[]): number {
  const places = new Map(
    areas.flatMap(({ rows, side, y }) => rows.map((row) => [row.id, { side, y: y + row.y }])),
  );
  return relations.reduce((sum, { from, to }) => {
    const [one, other] = [places.get(from), places.get(to)];
    if (!one || !other) return sum;
    return sum + Math.abs(one.y - other.y) * (one.side === other.side ? 1.5 : 1);
  }, 0);
}

/** Every pair of areas, several times over: a swap can make room for another. */
function listPairs(count: number): [number, number][] {
  const numbers = Array.from({ length: count }, (_, number) => number);
  const once = numbers.flatMap((first) =>
    numbers.slice(first + 1).map((second): [number, number] => [first, second]),
  );
  return [...once, ...once, ...once];
}

function swap<T>(list: T[], first: number, second: number): void {
  [list[first], list[second]] = [list[second] as T, list[first] as T];
}
