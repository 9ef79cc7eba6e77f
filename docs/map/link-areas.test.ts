import { expect, it } from 'vitest';
import type { Relation } from '../patterns/relations.ts';
import { describeLinks, linkAreas } from './link-areas.ts';

const relate = (from: string, to: string, kind: Relation['kind'] = 'related'): Relation => {
  return { from, to, kind };
};
const links = linkAreas([
  relate('jobs/a', 'postgres/a', 'requires'),
  relate('jobs/b', 'postgres/a', 'requires'),
  relate('jobs/b', 'jobs/a', 'requires'),
  relate('postgres/b', 'jobs/a'),
  relate('ml/a', 'jobs/a'),
  relate('jobs/b', 'ml/b'),
]);

it('counts the relations between two areas, and leaves out those within one', () => {
  expect(links).toEqual([
    { from: 'jobs', to: 'postgres', kind: 'requires', count: 2 },
    { from: 'jobs', to: 'ml', kind: 'related', count: 2 },
  ]);
});

it('names the areas around one from either side', () => {
  const name = (area: string) => area.toUpperCase();
  expect(describeLinks(links, 'jobs', name)).toEqual([
    { name: 'Builds on', areas: ['POSTGRES (2)'] },
    { name: 'Related', areas: ['ML (2)'] },
  ]);
  expect(describeLinks(links, 'ml', name)).toEqual([{ name: 'Related', areas: ['JOBS (2)'] }]);
  expect(describeLinks(links, 'postgres', name)).toEqual([
    { name: 'Used by', areas: ['JOBS (2)'] },
  ]);
});
