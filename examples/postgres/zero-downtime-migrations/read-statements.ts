import {
  type AlterTableCmd,
  type ColumnDef,
  type Constraint,
  type Node,
  parse,
  type RangeVar,
  scan,
} from 'libpg-query';

/** How strong a lock is: 1 lets reads and writes by, 2 stops writes, 3 stops reads too. */
export type LockLevel = 1 | 2 | 3;

/** One thing that a statement does to one table, or to none. */
export type Operation = {
  /** The statement as the parser calls it; for `alter table`, its subcommand. */
  kind: string;
  /** Which statement of the file it belongs to, from 0. */
  statement: number;
  line: number;
  table: string | undefined;
  lock: LockLevel | undefined;
  node: Node;
};

/** Reads a file with the parser of Postgres itself; throws where Postgres would. */
export async function readOperations(
  sql: string,
): Promise<Operation[]> {
  const { stmts = [] } = await parse(sql);
  return stmts.flatMap(({ stmt, stmt_location = 0 }, statement) => {
    if (!stmt) return [];
    const at = (relation?: RangeVar) => ({
      statement,
      line: lineOf(sql, relation?.location ?? stmt_location),
    });
    if (!('AlterTableStmt' in stmt)) return readOther(stmt, at);
    const { relation, cmds = [] } = stmt.AlterTableStmt;
    return cmds.flatMap((node): Operation[] => {
      const kind = readCommand(node).subtype ?? '';
      const table = nameOf(relation);
      const lock = LIGHT.has(kind) ? 1 : 3;
      return [
        { kind, ...at(relation), table, lock, node },
        ...listReferenced(node, at(relation)),
      ];
    });
  });
}

/** `alter table` forms that take no more than `share update exclusive`. */
const LIGHT = new Set(['AT_ValidateConstraint', 'AT_SetStatistics']);

type Place = Pick<Operation, 'statement' | 'line'>;

function readOther(
  stmt: Node,
  at: (relation?: RangeVar) => Place,
): Operation[] {
  const [kind = '', body] = Object.entries(stmt)[0] ?? [];
  const relation = (body as { relation?: RangeVar }).relation;
  const own = { kind, ...at(relation), node: stmt };
  if ('DropStmt' in stmt)
    return (stmt.DropStmt.objects ?? []).map((object) => {
      const names = readNames(object);
      if (stmt.DropStmt.removeType === 'OBJECT_TRIGGER') names.pop();
      const isTable = /TABLE|TRIGGER/.test(
        `${stmt.DropStmt.removeType}`,
      );
      const table = isTable ? joinNames(names) : undefined;
      return { ...own, table, lock: table ? 3 : undefined };
    });
  const lock = kind === 'CreateTrigStmt' ? 2 : undefined;
  const table = nameOf(relation);
  return [{ ...own, table, lock }, ...listReferenced(stmt, own)];
}

/** A foreign key locks the table that it leads to as well. */
function listReferenced(node: Node, place: Place): Operation[] {
  return findAll<Constraint>(node, 'Constraint').flatMap(
    ({ pktable }) => {
      const table = nameOf(pktable);
      if (!table) return [];
      const { statement, line } = place;
      const lock = 2 as const;
      return [
        { kind: 'Reference', statement, line, table, lock, node },
      ];
    },
  );
}

/** All nodes of a kind in a tree, however deep. */
export function findAll<T>(tree: unknown, kind: string): T[] {
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]) => [
    ...(key === kind ? [value as T] : []),
    ...findAll<T>(value, kind),
  ]);
}

/** The subcommand of an `alter table`. */
export function readCommand(node: Node): AlterTableCmd {
  return 'AlterTableCmd' in node ? node.AlterTableCmd : {};
}

/** The column that an `alter table` adds, with its constraints. */
export function readColumn(node: Node): {
  type: string;
  constraints: Constraint[];
} {
  const [column = {} as ColumnDef] = findAll<ColumnDef>(
    node,
    'ColumnDef',
  );
  const names = (column.typeName?.names ?? []).flatMap(readNames);
  const constraints = (column.constraints ?? []).flatMap((one) =>
    findAll<Constraint>(one, 'Constraint'),
  );
  return { type: names.at(-1) ?? '', constraints };
}

/** The comments of a file. */
export async function readComments(sql: string): Promise<string[]> {
  const { tokens } = await scan(sql);
  return tokens
    .filter(({ tokenName }) => /COMMENT/.test(tokenName))
    .map(({ text }) => text);
}

/** A table as the linter names it: the schema `public` goes without saying. */
function nameOf(relation?: RangeVar): string | undefined {
  if (!relation?.relname) return undefined;
  return joinNames([relation.schemaname ?? '', relation.relname]);
}

const joinNames = (names: string[]): string =>
  names.filter((name) => name && name !== 'public').join('.');

/** The identifiers in a node, in their order. */
export const readNames = (node: Node): string[] =>
  findAll<{ sval: string }>(node, 'String').map(({ sval }) => sval);

/** The parser counts bytes. */
function lineOf(sql: string, location: number): number {
  const before = Buffer.from(sql).subarray(0, location).toString();
  const blank = /^(\s|--.*\n)*/.exec(sql.slice(before.length))?.[0];
  return `${before}${blank}`.split('\n').length;
}

/** Whether Postgres refuses to run it inside a transaction, because it would hold its lock. */
export function isConcurrent({ node }: Operation): boolean {
  if ('IndexStmt' in node) return Boolean(node.IndexStmt.concurrent);
  if ('DropStmt' in node) return Boolean(node.DropStmt.concurrent);
  if (!('ReindexStmt' in node)) return false;
  return findAll<{ defname: string }>(node, 'DefElem').some(
    ({ defname }) => defname === 'concurrently',
  );
}
