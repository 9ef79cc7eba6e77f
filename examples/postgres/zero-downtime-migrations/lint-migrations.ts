import { type Node, parse, type RangeVar } from 'libpg-query';
import {
  type Migration,
  MigrationError,
  type Step,
} from './migration-files.ts';
import { findAll, readNames, shapeOf } from './statement-shape.ts';

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
    create function f() returns trigger language plpgsql as '';
    create trigger g before insert on t
      for each row execute function f()`,
  validate: 'alter table t validate constraint k',
  concurrent: `
    create index concurrently i on t (a);
    drop index concurrently if exists i`,
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
  const isListed = await createJudge(kind);
  const isSound = JUDGES[kind](statements.map(({ node }) => node));
  return statements
    .filter(({ node }) => !isSound || !isListed(node))
    .map(({ line, text }) => `${file}:${line}: ${text}`);
}

async function createJudge(kind: Step['kind']) {
  if (kind === 'backfill') return isBatch;
  const listed = await readStatements(LIST[kind]);
  const shapes = new Set(
    listed.flatMap(({ node }) => listShapes(node)),
  );
  return (node: Node) =>
    listShapes(node).every((shape) => shapes.has(shape));
}

/** What a file may hold in all. */
const JUDGES = {
  transaction: (nodes: Node[]) => listTables(nodes).size <= 1,
  validate: isAlone,
  concurrent: buildsWhatItDrops,
  backfill: isAlone,
};

function isAlone(nodes: Node[]): boolean {
  return nodes.length === 1;
}

/** Those in use: while one lock is held, no other is waited for. */
function listTables(nodes: Node[]): Set<string> {
  const tables = nodes
    .filter((node) => !('CreateStmt' in node))
    .flatMap((node) => findAll<RangeVar>(node, 'relation'))
    .map(({ schemaname = 'public', relname }) =>
      JSON.stringify([schemaname, relname]),
    );
  return new Set(tables);
}

function buildsWhatItDrops(nodes: Node[]): boolean {
  const built = findAll<string>(nodes, 'idxname');
  const dropped = findAll<Node[]>(nodes, 'objects');
  return readNames(dropped).every((name) => built.includes(name));
}

/** A `select` from $1 on and of $2 rows, around updates of these. */
function isBatch(node: Node): boolean {
  const limits = findAll<object>(node, 'limitCount');
  const writes = ['InsertStmt', 'DeleteStmt', 'MergeStmt'];
  const updates = findAll<object>(node, 'UpdateStmt');
  return (
    'SelectStmt' in node &&
    readParameters(limits).includes(2) &&
    readParameters(node).includes(1) &&
    writes.every((kind) => findAll(node, kind).length === 0) &&
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

/** Reads a file with the parser of Postgres itself, which counts bytes, and comments before a statement. */
async function readStatements(sql: string) {
  const { stmts = [] } = await parse(sql);
  const bytes = Buffer.from(sql);
  return stmts.flatMap(({ stmt: node, stmt_location = 0 }) => {
    if (!node) return [];
    const rest = bytes.subarray(stmt_location).toString();
    const [blank = ''] = /^(\s|--.*\n)*/.exec(rest) ?? [];
    const before = sql.slice(0, sql.length - rest.length);
    const line = `${before}${blank}`.split('\n').length;
    const [text = ''] = rest.slice(blank.length).split('\n');
    return { node, line, text };
  });
}
