import type { Relation } from '../patterns/relations.ts';
import type { AreaLink } from './link-areas.ts';

/** Which column of the map an area is in. */
type Side = 'left' | 'right';

/** An area on the map; lines name its number. */
export type MapNode = { area: string; number: number; side: Side; x: number; y: number };

/** A line between two areas, which it names by number; the more relations, the wider. */
export type MapEdge = {
  kind: Relation['kind'];
  from: number;
  to: number;
  path: string;
  width: number;
};

/** Where everything is, in the units of the drawing. */
export type MapLayout = { height: number; nodes: MapNode[]; edges: MapEdge[] };

/** The measures of the drawing. */
export const MAP = { width: 1000, column: 260, row: 40, gap: 8 };

const PITCH = MAP.row + MAP.gap;
const DEEPEST = 200;

/** Lays areas out in two columns with a street between them, in which all lines run: none crosses a name. */
export function layOutMap(areas: string[], links: AreaLink[]): MapLayout {
  const nodes = placeNodes(orderAreas(areas, links));
  const byArea = new Map(nodes.map((node) => [node.area, node]));
  const edges = links.flatMap(({ from, to, kind, count }): MapEdge[] => {
    const [one, other] = [byArea.get(from), byArea.get(to)];
    if (!one || !other) return [];
    const width = 1 + Math.log2(count) / 2;
    return [{ kind, from: one.number, to: other.number, path: drawLine(one, other), width }];
  });
  const height = Math.max(0, ...nodes.map(({ y }) => y + MAP.row));
  return { height, nodes, edges };
}

/** The first half is on the left. */
function placeNodes(areas: string[]): MapNode[] {
  const half = Math.ceil(areas.length / 2);
  return areas.map((area, number) => {
    const side = number < half ? 'left' : 'right';
    const x = side === 'left' ? 0 : MAP.width - MAP.column;
    return { area, number, side, x, y: (number % half) * PITCH };
  });
}

/** Swaps areas as long as that brings those closer together that have relations. */
function orderAreas(areas: string[], links: AreaLink[]): string[] {
  let best = [...areas].sort();
  let length = measureLines(best, links);
  for (let isBetter = true; isBetter; ) {
    isBetter = false;
    for (const [first, second] of listPairs(best.length)) {
      const candidate = swap(best, first, second);
      const measured = measureLines(candidate, links);
      if (measured >= length) continue;
      [best, length, isBetter] = [candidate, measured, true];
    }
  }
  return best;
}

/** How far apart areas are that have relations; along one column a line has to go around. */
function measureLines(areas: string[], links: AreaLink[]): number {
  const nodes = new Map(placeNodes(areas).map((node) => [node.area, node]));
  return links.reduce((sum, { from, to, count }) => {
    const [one, other] = [nodes.get(from), nodes.get(to)];
    if (!one || !other) return sum;
    return sum + count * Math.abs(one.y - other.y) * (one.side === other.side ? 1.5 : 1);
  }, 0);
}

function listPairs(count: number): [number, number][] {
  const numbers = Array.from({ length: count }, (_, number) => number);
  return numbers.flatMap((first) =>
    numbers.slice(first + 1).map((second): [number, number] => [first, second]),
  );
}

function swap(areas: string[], first: number, second: number): string[] {
  return areas.map((area, index) => {
    if (index === first) return areas[second] ?? area;
    return index === second ? (areas[first] ?? area) : area;
  });
}

/** From the street's side of one area to that of the other. */
function drawLine(one: MapNode, other: MapNode): string {
  const [start, end] = [findEnd(one), findEnd(other)];
  if (one.side !== other.side) {
    const middle = MAP.width / 2;
    return `M${start.x} ${start.y}C${middle} ${start.y} ${middle} ${end.y} ${end.x} ${end.y}`;
  }
  const depth = Math.min(DEEPEST, 40 + Math.abs(start.y - end.y) / 2);
  const turn = start.x + (one.side === 'left' ? depth : -depth);
  return `M${start.x} ${start.y}C${turn} ${start.y} ${turn} ${end.y} ${end.x} ${end.y}`;
}

function findEnd({ x, y, side }: MapNode): { x: number; y: number } {
  return { x: side === 'left' ? x + MAP.column : x, y: y + MAP.row / 2 };
}
