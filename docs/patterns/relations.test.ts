import { expect, it } from 'vitest';
import { findNeighbours, listRelations } from './relations.ts';

const page = (id: string, requires: string[], related: string[]) => {
  return { id, data: { requires, related } };
};
const relations = listRelations([
  page('a', [], ['b', 'c']),
  page('b', ['a'], []),
  page('c', [], ['a', 'd']),
  page('d', ['a'], []),
]);

it('lists a relation once, from whichever side it is named, and building on a pattern before being related', () => {
  expect(relations).toEqual([
    { from: 'b', to: 'a', kind: 'requires' },
    { from: 'd', to: 'a', kind: 'requires' },
    { from: 'a', to: 'c', kind: 'related' },
    { from: 'c', to: 'd', kind: 'related' },
  ]);
});

it('finds the neighbours from either side', () => {
  expect(findNeighbours(relations, 'a')).toEqual({
    buildsOn: [],
    usedBy: ['b', 'd'],
    related: ['c'],
  });
  expect(findNeighbours(relations, 'c').related).toEqual(['a', 'd']);
  expect(findNeighbours(relations, 'd').buildsOn).toEqual(['a']);
});
