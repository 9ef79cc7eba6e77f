import type { parseSync } from 'libpg-query';
import { scanSql } from '../../scripts/mutate/sql/scan-sql.ts';

/** A statement as Postgres parses it. */
export type ParsedStatement = NonNullable<
  NonNullable<ReturnType<typeof parseSync>['stmts']>[number]['stmt']
>;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Whether a statement makes, changes or reads a table, which is in `public` unless its name says
 * otherwise. A foreign key and `like` only refer to it. In the body of a function a word counts,
 * and a string does not.
 */
export function namesTable(statement: ParsedStatement, table: string): boolean {
  const [[kind, fields] = ['', {}]] = Object.entries(statement);
  const { names, bodies } = listSubjects(kind, toFields(fields));
  return names.includes(table) || bodies.some((body) => hasWord(body, table));
}

type Subjects = { names: string[]; bodies: string[] };

function listSubjects(kind: string, fields: Fields): Subjects {
  switch (kind) {
    case 'CreateStmt': // a partition changes its table; with INHERITS it reads it as well
      return { names: collectTables([fields.relation, fields.inhRelations]), bodies: [] };
    case 'AlterTableStmt':
      return { names: collectTables(fields.relation), bodies: [] };
    case 'DropStmt':
    case 'CommentStmt':
      return { names: listObjects(fields), bodies: [] };
    case 'CreateFunctionStmt':
    case 'DoStmt':
      return { names: collectTables(fields), bodies: listBodies(fields) };
    default:
      return { names: collectTables(fields), bodies: [] };
  }
}

/** The names of all tables in a part of the syntax tree. */
function collectTables(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(collectTables);
  const fields = toFields(node);
  const { schemaname, relname } = fields;
  if (typeof relname !== 'string') return Object.values(fields).flatMap(collectTables);
  return [joinName(typeof schemaname === 'string' ? [schemaname, relname] : [relname])];
}

/** What is dropped or described; of the name of a column, the table. */
function listObjects({ objects, object, removeType, objtype }: Fields): string[] {
  const kind = removeType ?? objtype;
  const isPart = kind !== 'OBJECT_TABLE' && kind !== 'OBJECT_VIEW';
  return [objects, object].flat().map((one) => {
    const words = collectStrings(one);
    return joinName(isPart ? words.slice(0, -1) : words);
  });
}

const joinName = (words: string[]): string =>
  words[0] === 'public' ? words.slice(1).join('.') : words.join('.');

/** The texts in quotes that are code: what `as` gives a function, and what `do` runs. */
function listBodies({ options, args }: Fields): string[] {
  return [options, args].flat().flatMap((option) => {
    const { defname, arg } = toFields(toFields(option).DefElem);
    return defname === 'as' ? collectStrings(arg) : [];
  });
}

function collectStrings(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(collectStrings);
  const fields = toFields(node);
  if (typeof fields.sval === 'string') return [fields.sval];
  return Object.values(fields).flatMap(collectStrings);
}

function hasWord(body: string, table: string): boolean {
  const words = scanSql(body).filter(({ kind }) => kind === 'word');
  return words.some(({ text }) => text === table || text === `"${table}"`);
}

const toFields = (node: unknown): Fields =>
  typeof node === 'object' && node !== null ? { ...node } : {};
