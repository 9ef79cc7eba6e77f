import {
  type Node,
  parse,
  type RangeVar,
  type SelectStmt,
} from 'libpg-query';
import {
  type Migration,
  MigrationError,
  type Step,
} from './migration-files.ts';
import { findAll, shapeOf } from './statement-shape.ts';

// #region list
// What takes a strong lock for a moment only, or none, by the
// suffix of the file. The rest is refused.
const LIST = {
  transaction: `
    alter table t add column c text;
    alter table t add column c text default 'a';
    alter table t add column c text default 'a' not null;
    alter table t add column c text not null default 'a';
    alter table t add constraint k check (a > 0) not valid;
    alter table t add constraint k not null c not valid;
    create table t (a text);
    create view v as select 1;
    create function f() returns trigger language plpgsql as '';
    create trigger g before insert on t
      for each row execute function f()`,
  concurrent: `
    alter table t validate constraint k;
    create index concurrently i on t (a)`,
};
// #endregion list

/** Throws unless all that each file holds is on the list, or a person has reviewed it. */
export async function lintMigrations(
  migrations: Migration[],
): Promise<void> {
  const refused: string[] = [];
  for (const { up, down } of migrations)
    for (const step of [up, down])
      if (step) refused.push(...(await lintFile(step)));
  if (refused.length === 0) return;
  const list = refused.join('\n');
  throw new MigrationError(
    'refused',
    `not on the list of harmless statements; change it, or begin the file with \`-- reviewed: <why>\`:\n${list}`,
  );
}

async function lintFile({ file, kind, sql }: Step) {
  const statements = await readStatements(sql);
  if (/^(--.*\n)*-- reviewed: \S/.test(sql)) return [];
  const nodes = statements.map(({ node }) => node);
  const isShort =
    kind === 'transaction'
      ? countTables(nodes) <= 1
      : nodes.length === 1;
  const isListed = kind === 'backfill' ? isBatch : await readList(kind);
  return statements
    .filter(({ node }) => !isShort || !isListed(node))
    .map(({ text }) => `${file}: ${text}`);
}

async function readList(kind: keyof typeof LIST) {
  const listed = await readStatements(LIST[kind]);
  const shapes = new Set(
    listed.flatMap(({ node }) => listShapes(node)),
  );
  return (node: Node) =>
    listShapes(node).every((shape) => shapes.has(shape));
}

/** Those in use: while one lock is held, no other is waited for. */
function countTables(nodes: Node[]): number {
  const tables = nodes
    .filter((node) => !('CreateStmt' in node))
    .flatMap((node) => findAll<RangeVar>(node, 'relation'))
    .map(({ schemaname = 'public', relname }) =>
      JSON.stringify([schemaname, relname]),
    );
  return new Set(tables).size;
}

/** A `select` of the next $2 rows from $1 on, none of them skipped, around updates of these. */
function isBatch(node: Node): boolean {
  const none = ['InsertStmt', 'DeleteStmt', 'MergeStmt'];
  const selects = findAll<SelectStmt>(node, 'SelectStmt');
  const locks = findAll<string>(node, 'waitPolicy');
  const updates = findAll<object>(node, 'UpdateStmt');
  return (
    'SelectStmt' in node &&
    readParameters(node).includes(1) &&
    selects.some(
      ({ limitCount, sortClause }) =>
        sortClause && readParameters(limitCount).includes(2),
    ) &&
    locks.every((policy) => policy === 'LockWaitBlock') &&
    none.every((kind) => findAll(node, kind).length === 0) &&
    updates.every((update) => 'fromClause' in update)
  );
}

function readParameters(tree: unknown): number[] {
  return findAll<{ number: number }>(tree, 'ParamRef').map(
    ({ number }) => number,
  );
}

/** An `alter table` has the shape of each of its parts. */
function listShapes(node: Node): string[] {
  if (!('AlterTableStmt' in node)) return [shapeOf(node)];
  const { cmds = [] } = node.AlterTableStmt;
  return cmds.map((cmd) =>
    shapeOf({
      AlterTableStmt: { ...node.AlterTableStmt, cmds: [cmd] },
    }),
  );
}

/** Reads a file with the parser of Postgres itself, which counts bytes. */
async function readStatements(sql: string) {
  const { stmts = [] } = await parse(sql);
  return stmts.flatMap(
    ({ stmt: node, stmt_location: at = 0, stmt_len }) => {
      const end = stmt_len && at + stmt_len;
      const text = Buffer.from(sql).subarray(at, end).toString().trim();
      return node ? { node, text } : [];
    },
  );
}
