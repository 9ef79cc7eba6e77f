import type { Constraint, Node, TypeName } from 'libpg-query';

/** What does not make a statement more dangerous: names, places, and what new functions, triggers and indexes hold. */
const OPEN = new Set(
  `location relation name objects accessMethod colname conname
   trigname funcname keys indexParams whereClause parameters
   returnType options sql_body args row timing events columns
   whenClause`.split(/\s+/),
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
    if (key === 'idxname') return 'any';
    if (key === 'typeName') return readType(value);
    if (key === 'Constraint') return closeExpression(value);
    if (key !== 'tableElts') return value;
    // A foreign key locks the table that it refers to.
    return findAll(value, 'pktable').length > 0 ? 'reference' : 'any';
  });
}

function readType({ names }: TypeName): string {
  const type = readNames(names).join('.');
  const isKnown = BUILT_IN.has(type.replace(/^pg_catalog\./, ''));
  return isKnown ? 'built-in' : type;
}

/** A check reads new rows only; any default but a constant may rewrite the table. */
function closeExpression(constraint: Constraint) {
  const { contype, raw_expr } = constraint;
  const isOpen = contype === 'CONSTR_CHECK' || isConstant(raw_expr);
  return isOpen ? { ...constraint, raw_expr: 'any' } : constraint;
}

function isConstant(node?: Node): boolean {
  if (!node) return false;
  if ('A_Const' in node) return !node.A_Const.isnull;
  if (!('TypeCast' in node)) return false;
  const { arg, typeName = {} } = node.TypeCast;
  return isConstant(arg) && readType(typeName) === 'built-in';
}

/** All nodes of a kind in a tree, at any depth. */
export function findAll<T>(tree: unknown, kind: string): T[] {
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]) => {
    const below = findAll<T>(value, kind);
    return key === kind ? [value, ...below] : below;
  });
}

/** The identifiers in a node, in their order. */
export function readNames(node: unknown): string[] {
  return findAll<{ sval: string }>(node, 'String').map(
    ({ sval }) => sval,
  );
}
