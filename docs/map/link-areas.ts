import { areaOf } from '../../scripts/pattern/ids.ts';
import type { Relation } from '../patterns/relations.ts';

/** That patterns of one area build on those of another, or are only related to them, and how many such relations there are. */
export type AreaLink = Relation & { count: number };

/** The relations between patterns of different areas, as relations between the areas; an area that builds on another is not related to it as well. */
export function linkAreas(relations: Relation[]): AreaLink[] {
  const links = new Map<string, AreaLink>();
  for (const { from, to, kind } of relations) {
    const ends = [areaOf(from), areaOf(to)];
    if (kind === 'related') ends.sort();
    const [one = '', other = ''] = ends;
    if (one === other) continue;
    const key = `${kind} ${one} ${other}`;
    links.set(key, { from: one, to: other, kind, count: (links.get(key)?.count ?? 0) + 1 });
  }
  return [...links.values()].filter(
    ({ from, to, kind }) =>
      kind === 'requires' ||
      !(links.has(`requires ${from} ${to}`) || links.has(`requires ${to} ${from}`)),
  );
}

/** The areas around one, by name, with the number of relations: `Postgres (12)`. */
export function describeLinks(
  links: AreaLink[],
  area: string,
  nameArea: (area: string) => string,
): { name: string; areas: string[] }[] {
  const list = (kind: Relation['kind'], find: (link: AreaLink) => string | undefined) =>
    links.flatMap((link) => {
      const other = link.kind === kind ? find(link) : undefined;
      return other === undefined ? [] : `${nameArea(other)} (${link.count})`;
    });
  const after = ({ from, to }: AreaLink) => (from === area ? to : undefined);
  const before = ({ from, to }: AreaLink) => (to === area ? from : undefined);
  return [
    { name: 'Builds on', areas: list('requires', after) },
    { name: 'Used by', areas: list('requires', before) },
    { name: 'Related', areas: list('related', (link) => after(link) ?? before(link)) },
  ].filter(({ areas }) => areas.length > 0);
}
