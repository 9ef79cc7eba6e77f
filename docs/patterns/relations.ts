/** That a pattern builds on another, or is worth reading beside it. */
export type Relation = { from: string; to: string; kind: 'requires' | 'related' };

/** The patterns around one pattern, by id. */
export type Neighbours = { buildsOn: string[]; usedBy: string[]; related: string[] };

type Page = { id: string; data: { requires: string[]; related: string[] } };

const known = new WeakMap<Page[], Relation[]>();

/** All relations between pages; two pages that name each other are related once. Found once for a list. */
export function listRelations(pages: Page[]): Relation[] {
  const relations = known.get(pages) ?? listAnew(pages);
  known.set(pages, relations);
  return relations;
}

function listAnew(pages: Page[]): Relation[] {
  const requires = pages.flatMap(({ id, data }) =>
    data.requires.map((to): Relation => ({ from: id, to, kind: 'requires' })),
  );
  const joined = new Set(requires.map(nameEnds));
  const related = pages.flatMap(({ id, data }) =>
    data.related.map((to): Relation => ({ from: id, to, kind: 'related' })),
  );
  const apart = related.filter((relation) => {
    const ends = nameEnds(relation);
    return !joined.has(ends) && joined.add(ends);
  });
  return [...requires, ...apart];
}

/** Where to go from a pattern: what it builds on, what builds on it, and what to read next. */
export function findNeighbours(relations: Relation[], id: string): Neighbours {
  const own = (kind: Relation['kind']) => relations.filter((relation) => relation.kind === kind);
  return {
    buildsOn: own('requires').flatMap(({ from, to }) => (from === id ? to : [])),
    usedBy: own('requires').flatMap(({ from, to }) => (to === id ? from : [])),
    related: own('related').flatMap(({ from, to }) => {
      if (from === id) return to;
      return to === id ? from : [];
    }),
  };
}

/** The same for both directions. */
const nameEnds = ({ from, to }: Relation): string => [from, to].sort().join(' ');
