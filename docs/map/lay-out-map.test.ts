import { describe, expect, it } from 'vitest';
import { layOutMap, MAP } from './lay-out-map.ts';
import type { AreaLink } from './link-areas.ts';

const link = (from: string, to: string, count = 1): AreaLink => {
  return { from, to, kind: 'related', count };
};

describe('a map of 20 areas', () => {
  const areas = Array.from({ length: 20 }, (_, number) => `area-${number}`);
  const links = areas.flatMap((area, number) =>
    [7, 11].map((step) => link(area, areas[(number * 3 + step) % areas.length] ?? '', step)),
  );
  const map = layOutMap(areas, links);

  it('has every area and every link once', () => {
    expect(map.nodes.map(({ area }) => area).sort()).toEqual([...areas].sort());
    expect(map.edges).toHaveLength(links.length);
  });

  it('puts no area over another, in two columns of one height', () => {
    const places = map.nodes.map(({ x, y }) => `${x} ${y}`);
    expect(new Set(places).size).toBe(areas.length);
    const left = map.nodes.filter(({ side }) => side === 'left').map(({ y }) => y);
    expect(left.sort((a, b) => a - b)).toEqual(left.map((_, row) => row * (MAP.row + MAP.gap)));
    expect(left).toHaveLength(areas.length / 2);
    expect(map.height).toBe(10 * MAP.row + 9 * MAP.gap);
  });

  it('keeps all lines in the street between the columns', () => {
    const xs = map.edges.flatMap(({ path }) =>
      [...path.matchAll(/([\d.]+) [\d.]+/g)].map(([, x]) => Number(x)),
    );
    expect(Math.min(...xs)).toBe(MAP.column);
    expect(Math.max(...xs)).toBe(MAP.width - MAP.column);
  });

  it('is the same each time, in whichever order the areas come', () => {
    expect(layOutMap(areas.toReversed(), links)).toEqual(map);
  });
});

it('puts areas that have many relations across the street from each other', () => {
  const areas = ['a', 'b', 'c', 'd', 'e', 'f'];
  const map = layOutMap(areas, [link('a', 'f', 3), link('b', 'd', 2)]);
  const top = (name: string) => map.nodes.find(({ area }) => area === name)?.y;
  expect([top('a'), top('b')]).toEqual([top('f'), top('d')]);
});

it('draws a wider line for more relations, and none to an area that is not there', () => {
  const { edges } = layOutMap(['a', 'b', 'c'], [link('a', 'b'), link('a', 'c', 8), link('a', 'd')]);
  expect(edges.map(({ width }) => width)).toEqual([1, 2.5]);
});

it('draws an empty map of an empty library', () => {
  expect(layOutMap([], [])).toEqual({ height: 0, nodes: [], edges: [] });
});
