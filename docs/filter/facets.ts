import { nameLevel } from '../components/levels.ts';
import type { SitePattern } from '../patterns/library.ts';
import { findNeighbours, listRelations } from '../patterns/relations.ts';
import { titleCase } from '../text/title-case.ts';

/** A facet as a filter offers it: its values, each with the number of patterns that have it. */
export type Facet = {
  name: string;
  label: string;
  options: { value: string; label: string; count: number }[];
};

/** What patterns are chosen by, in the order in which the filter has it. */
const FACETS = {
  area: { label: 'Area', nameValue: titleCase },
  level: { label: 'Level', nameValue: (value: string) => nameLevel(Number(value)) },
  needs: {
    label: 'Needs',
    nameValue: (value: string) => (value === 'none' ? 'nothing but Node' : value),
  },
  role: {
    label: 'Role',
    nameValue: (value: string) =>
      value === 'foundation' ? 'others build on it' : 'builds on no other',
  },
};

type FacetName = keyof typeof FACETS;

/** The values that a pattern has of each facet; `patterns` is the library. */
export function readFacets(
  { id, area, data }: SitePattern,
  patterns: SitePattern[],
): Record<FacetName, string[]> {
  const { buildsOn, usedBy } = findNeighbours(listRelations(patterns), id);
  const roles = { foundation: usedBy.length > 0, independent: buildsOn.length === 0 };
  return {
    area: [area],
    level: [`${data.level}`],
    needs: data.needs.length > 0 ? data.needs.map(nameService) : ['none'],
    role: Object.entries(roles).flatMap(([role, isSo]) => (isSo ? role : [])),
  };
}

/** `postgres` of `postgres 15`. */
export const nameService = (need: string): string => need.replace(/ .*/, '');

/** All facets of the library. */
export function listFacets(patterns: SitePattern[]): Facet[] {
  const all = patterns.map((pattern) => readFacets(pattern, patterns));
  return Object.entries(FACETS).map(([name, { label, nameValue }]) => {
    const values = all.flatMap((facets) => facets[name as FacetName]);
    const options = [...Map.groupBy(values, (value) => value)].map(([value, { length }]) => {
      return { value, label: nameValue(value), count: length };
    });
    options.sort((a, b) => a.label.localeCompare(b.label, 'en'));
    return { name, label, options };
  });
}
