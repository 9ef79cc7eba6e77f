import { expect, it } from 'vitest';
import { layOutFlow } from './lay-out-flow.ts';
import { readFlow } from './read-flow.ts';

/** Each layer as the ids in it, `|` for the way of an arrow past it. */
const listLayers = (...lines: string[]) =>
  layOutFlow(readFlow(lines)).layers.map((slots) =>
    slots.map(({ node }) => node?.id ?? '|').join(' '),
  );

it('puts each box below all that lead to it', () => {
  expect(listLayers('A --> B', 'A --> C', 'B --> D', 'C --> D')).toEqual(['A', 'B C', 'D']);
});

it('leads an arrow past the layers between its boxes', () => {
  expect(listLayers('A --> B', 'B --> C', 'A --> C')).toEqual(['A', 'B |', 'C']);
});

it('turns the arrow that closes a circle, and marks where it points', () => {
  const { layers, links } = layOutFlow(readFlow(['A --> B', 'B -->|again| A']));
  expect(layers).toHaveLength(2);
  expect(links[0]).toEqual([
    { from: 0, to: 0, text: '', isBack: false, ends: true },
    { from: 0, to: 0, text: 'again', isBack: true, ends: false },
  ]);
});

it('crosses no links that need not cross', () => {
  expect(listLayers('A --> C', 'B --> D', 'A --> D', 'A --> E', 'B --> C')).toEqual([
    'A B',
    'E C D',
  ]);
});

it('shares the width among the places of a layer', () => {
  const { layers } = layOutFlow(readFlow(['A --> B', 'A --> C']));
  expect(layers[1]?.map(({ middle, width }) => ({ middle, width }))).toEqual([
    { middle: 25, width: 50 },
    { middle: 75, width: 50 },
  ]);
});
