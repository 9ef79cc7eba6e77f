import type { Relation } from '../patterns/relations.ts';
import { type MapArea, type PlacedArea, placeAreas, type Side } from './place-areas.ts';

type Box = { x: number; y: number; width: number; height: number };

/** A pattern on the map; lines name its number. */
export type MapNode = Box & { id: string; number: number; lines: string[]; side: Side };

/** A line between two patterns, which it names by number. */
export type MapEdge = { kind: Relation['kind']; from: number; to: number; path: string };

/** Where everything stands, in the units of the drawing. */
export type MapLayout = {
  width: number;
  height: number;
  areas: (Box & { area: string })[];
  nodes: MapNode[];
  edges: MapEdge[];
};

const WIDTH = 1000;
const COLUMN = 350;
const DEEPEST = 230;

/** Lays areas out in two columns with a street between them, in which all lines run: none crosses a name. */
export function layOutMap(areas: MapArea[], relations: Relation[]): MapLayout {
  const placed = placeAreas(areas, relations);
  const boxes = placed.map(({ area, side, y, height }) => {
    return { area, x: findLeft(side), y, width: COLUMN, height };
  });
  const nodes = placed.flatMap(listNodes).map((node, number) => ({ ...node, number }));
  return {
    width: WIDTH,
    height: Math.max(0, ...boxes.map(({ y, height }) => y + height)),
    areas: boxes,
    nodes,
    edges: drawEdges(nodes, relations),
  };
}

function listNodes({ rows, side, y }: PlacedArea): Omit<MapNode, 'number'>[] {
  return rows.map((row) => {
    return { ...row, side, x: findLeft(side), y: y + row.y, width: COLUMN };
  });
}

const findLeft = (side: Side): number => (side === 'left' ? 0 : WIDTH - COLUMN);

function drawEdges(nodes: MapNode[], relations: Relation[]): MapEdge[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return relations.flatMap(({ from, to, kind }) => {
    const [one, other] = [byId.get(from), byId.get(to)];
    if (!one || !other) return [];
    return { kind, from: one.number, to: other.number, path: drawLine(one, other) };
  });
}

/** From the street's side of one pattern to that of the other. */
function drawLine(one: MapNode, other: MapNode): string {
  const [start, end] = [findEnd(one), findEnd(other)];
  const middle = WIDTH / 2;
  if (one.side !== other.side)
    return `M${start.x} ${start.y}C${middle} ${start.y} ${middle} ${end.y} ${end.x} ${end.y}`;
  const depth = Math.min(DEEPEST, 40 + Math.abs(start.y - end.y) / 2);
  const turn = start.x + (one.side === 'left' ? depth : -depth);
  return `M${start.x} ${start.y}C${turn} ${start.y} ${turn} ${end.y} ${end.x} ${end.y}`;
}

function findEnd({ x, y, width, height, side }: MapNode): { x: number; y: number } {
  return { x: side === 'left' ? x + width : x, y: y + height / 2 };
}
