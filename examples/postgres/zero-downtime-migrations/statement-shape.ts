import type { Constraint, Node, TypeName } from 'libpg-query';

/** What does not make a statement more dangerous: names, places, and what new functions, triggers, views and indexes hold. */
const OPEN = new Set(
  `location relname schemaname inh name accessMethod colname conname
   trigname funcname keys indexParams whereClause parameters
   returnType options sql_body args row timing events columns
   whenClause query partspec aliases`.split(/\s+/),
);

/** A domain is not among them: its check would read each row. */
const BUILT_IN = new Set(
  `bool bytea date float8 int2 int4 int8 jsonb numeric text timestamp
   timestamptz uuid varchar`.split(/\s+/),
);

/** What is left of a statement without what is open: equal for statements that lock and scan the same. */
export function shapeOf(statement: Node): string {
  return JSON.stringify(statement, (key, value) => {
    if (OPEN.has(key)) return undefined;
    // Without a name, a build that is repeated makes a second index.
    if (key === 'idxname') return 'any';
    if (key === 'typeName') return readType(value);
    // Any other default may rewrite the table.
    if (key === 'A_Const') return value.isnull ? 'null' : 'constant';
    if (key === 'Constraint') return closeCheck(value);
    if (key !== 'tableElts') return value;
    // A foreign key locks the table that it refers to.
    return findAll(value, 'pktable').length > 0 ? 'reference' : 'any';
  });
}

function readType({ names }: TypeName): string {
  const type = findAll<{ sval: string }>(names, 'String')
    .map(({ sval }) => sval)
    .join('.');
  const isKnown = BUILT_IN.has(type.replace(/^pg_catalog\./, ''));
  return isKnown ? 'built-in' : type;
}

/** A check reads new rows only. */
function closeCheck(constraint: Constraint) {
  return constraint.contype === 'CONSTR_CHECK'
    ? { ...constraint, raw_expr: 'any' }
    : constraint;
}

/** All nodes of a kind in a tree, at any depth. */
export function findAll<T>(tree: unknown, kind: string): T[] {
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]) => {
    const below = findAll<T>(value, kind);
    return key === kind ? [value, ...below] : below;
  });
}
