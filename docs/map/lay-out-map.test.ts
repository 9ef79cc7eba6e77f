import { describe, expect, it } from 'vitest';
import type { Relation } from '../patterns/relations.ts';
import { layOutMap } from './lay-out-map.ts';
import type { MapArea } from './place-areas.ts';

const makeArea = (area: string, count: number): MapArea => {
  const patterns = Array.from({ length: count }, (_, number) => {
    return { id: `${area}/${number}`, title: `Pattern ${number} of the area with a longish name` };
  });
  return { area, patterns };
};

const relate = (from: string, to: string, kind: Relation['kind'] = 'related'): Relation => {
  return { from, to, kind };
};

describe('a map of 120 patterns in 20 areas', () => {
  const areas = Array.from({ length: 20 }, (_, number) => makeArea(`area-${number}`, 6));
  const ids = areas.flatMap(({ patterns }) => patterns.map(({ id }) => id));
  const relations = ids.flatMap((id, number) => {
    const to = ids[(number * 37 + 11) % ids.length] ?? '';
    return to === id ? [] : relate(id, to, number % 3 ? 'related' : 'requires');
  });
  const map = layOutMap(areas, relations);

  it('has every area, every pattern and every relation once', () => {
    expect(map.areas.map(({ area }) => area).sort()).toEqual(areas.map(({ area }) => area).sort());
    expect(map.nodes.map(({ id }) => id).sort()).toEqual(ids.sort());
    expect(map.edges).toHaveLength(relations.length);
  });

  it('puts no box over another, and every pattern into the box of its area', () => {
    for (const one of map.areas)
      expect(map.areas.filter((other) => other !== one && overlap(one, other))).toEqual([]);
    for (const node of map.nodes) {
      const box = map.areas.find(({ area }) => node.id.startsWith(`${area}/`));
      expect(node.x).toBe(box?.x);
      expect(node.y).toBeGreaterThan(box?.y ?? 0);
      expect(node.y + node.height).toBeLessThan((box?.y ?? 0) + (box?.height ?? 0));
    }
  });

  it('keeps all lines in the street between the columns', () => {
    const [left = 0] = map.areas.filter(({ x }) => x === 0).map(({ width }) => width);
    const xs = map.edges.flatMap(({ path }) =>
      [...path.matchAll(/([\d.]+) [\d.]+/g)].map(([, x]) => Number(x)),
    );
    expect(Math.min(...xs)).toBe(left);
    expect(Math.max(...xs)).toBe(map.width - left);
  });

  it('fills both columns to about the same height', () => {
    const bottoms = [0, map.width / 2].map((from) =>
      Math.max(
        ...map.areas
          .filter(({ x }) => x >= from && x < from + map.width / 2)
          .map(({ y, height }) => y + height),
      ),
    );
    expect(Math.max(...bottoms)).toBe(map.height);
    expect(Math.min(...bottoms)).toBeGreaterThan(0.85 * map.height);
  });

  it('is the same each time', () => {
    expect(layOutMap(areas, relations)).toEqual(map);
  });
});

it('puts areas that are related across the street from each other', () => {
  const areas = ['a', 'b', 'c', 'd', 'e', 'f'].map((area) => makeArea(area, 2));
  const map = layOutMap(areas, [relate('a/0', 'f/0'), relate('b/0', 'd/0')]);
  const top = (name: string) => map.areas.find(({ area }) => area === name)?.y;
  expect([top('a'), top('b')]).toEqual([top('f'), top('d')]);
});

it('draws no line to a pattern that is not there', () => {
  expect(layOutMap([makeArea('a', 1)], [relate('a/0', 'b/0')]).edges).toEqual([]);
});

it('draws an empty map of an empty library', () => {
  expect(layOutMap([], [])).toMatchObject({ height: 0, areas: [], nodes: [] });
});

type Box = { x: number; y: number; width: number; height: number };

function overlap(one: Box, other: Box): boolean {
  return one.x === other.x && one.y < other.y + other.height && other.y < one.y + one.height;
}
