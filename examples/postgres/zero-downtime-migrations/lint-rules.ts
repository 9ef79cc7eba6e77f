import type { Constraint } from 'libpg-query';
import {
  findAll,
  isConcurrent,
  type Operation,
  readColumn,
  readCommand,
} from './read-statements.ts';

/** Each rule, and what to do instead. */
export const MENDS = {
  'rewriting-column':
    'add it without; then set the default, and backfill',
  'column-constraint':
    'add the column alone, the constraint `not valid`',
  'unproven-not-null': 'validate a check that it `is not null` before',
  'validating-constraint': 'add it `not valid`, and validate it next',
  'index-building-constraint':
    'build a unique index concurrently, then add it `using index`',
  'blocking-index': 'do it concurrently, in a file of its own',
  'unnamed-index': 'name it, so that a broken one is found again',
  'type-change': 'add a column of the new type, and backfill it',
  rename: 'add the new name beside the old one, and contract later',
  'column-in-use': 'wait until no version that runs reads it',
  'lock-table': 'leave locks to the statements that need them',
  'table-rewrite': 'it locks the table for as long as it takes',
  'data-change': 'write a backfill, which works in batches',
  transaction: 'leave it out: the migrator begins and commits',
  'not-alone': 'give what is concurrent a file of its own',
  'second-lock':
    'one locked table a migration, its strongest lock first',
  'scan-under-lock': 'validate in a migration of its own',
  unbatched:
    'one `select` that takes $1, the last key, and $2, the limit',
  unknown: 'nobody has said yet that this is safe',
} as const;

export type Rule = keyof typeof MENDS;

/** What earlier migrations and running versions tell. */
export type Facts = {
  /** What versions that run read or write, as `table.column`. */
  inUse: readonly string[];
  /** Columns that a validated check keeps from being null. */
  proven: ReadonlySet<string>;
};

type Judge = (operation: Operation, facts: Facts) => Rule | undefined;

/** What is wrong with an operation on a table that is in use, if anything. */
export const judge: Judge = (operation, facts) => {
  const { kind } = operation;
  if (HARMLESS.has(kind)) return undefined;
  const judgeKind = JUDGES[kind];
  return judgeKind ? judgeKind(operation, facts) : 'unknown';
};

// #region judges
/** Whatever has no entry here, and is not known as harmless, is refused. */
const JUDGES: Record<string, Judge> = {
  AT_AddColumn: ({ node }) => judgeColumn(readColumn(node)),
  AT_AddConstraint: ({ node }) =>
    findAll<Constraint>(node, 'Constraint')
      .map(judgeConstraint)
      .find((rule) => rule),
  AT_SetNotNull: ({ table, node }, { proven }) =>
    proven.has(`${table}.${readCommand(node).name}`)
      ? undefined
      : 'unproven-not-null',
  AT_DropColumn: ({ table, node }, { inUse }) =>
    inUse.includes(`${table}.${readCommand(node).name}`)
      ? 'column-in-use'
      : undefined,
  AT_AlterColumnType: () => 'type-change',
  IndexStmt: judgeIndex,
  DropStmt: judgeDrop,
  RenameStmt: judgeRename,
  LockStmt: () => 'lock-table',
  ReindexStmt: (operation) =>
    isConcurrent(operation) ? undefined : 'blocking-index',
  ClusterStmt: () => 'table-rewrite',
  VacuumStmt: () => 'table-rewrite',
  TruncateStmt: () => 'table-rewrite',
  UpdateStmt: () => 'data-change',
  DeleteStmt: () => 'data-change',
  MergeStmt: () => 'data-change',
  InsertStmt: ({ node }) =>
    findAll(node, 'fromClause').length > 0 ? 'data-change' : undefined,
  TransactionStmt: () => 'transaction',
};
// #endregion judges

const HARMLESS = new Set([
  ...['AT_ColumnDefault', 'AT_DropNotNull', 'AT_ValidateConstraint'],
  ...['AT_DropConstraint', 'AT_SetStatistics', 'AT_SetRelOptions'],
  ...['AT_EnableRowSecurity', 'AT_ForceRowSecurity', 'Reference'],
  ...['CreateStmt', 'CreateTrigStmt', 'CreateFunctionStmt', 'ViewStmt'],
  ...['CreateSchemaStmt', 'CreateSeqStmt', 'CreateEnumStmt'],
  ...['AlterEnumStmt', 'CommentStmt', 'GrantStmt', 'CreatePolicyStmt'],
]);

type Column = ReturnType<typeof readColumn>;

function judgeColumn({ type, constraints }: Column): Rule | undefined {
  if (/^(small|big)?serial\d?$/.test(type)) return 'rewriting-column';
  const find = (kind: string) =>
    constraints.find(({ contype }) => contype === `CONSTR_${kind}`);
  const fallback = find('DEFAULT');
  if (find('IDENTITY') || find('GENERATED')?.generated_kind === 's')
    return 'rewriting-column';
  if (fallback && isVolatile(fallback)) return 'rewriting-column';
  if (find('NOTNULL') && !fallback) return 'unproven-not-null';
  const others = ['CHECK', 'FOREIGN', 'UNIQUE', 'PRIMARY'].some(find);
  return others ? 'column-constraint' : undefined;
}

/** Functions whose value is the same for all rows of a statement. */
const STABLE = new Set([
  ...['now', 'transaction_timestamp', 'statement_timestamp'],
]);

function isVolatile({ raw_expr }: Constraint): boolean {
  return findAll<{ funcname: unknown }>(raw_expr, 'FuncCall').some(
    ({ funcname }) =>
      !STABLE.has(
        findAll<{ sval: string }>(funcname, 'String').at(-1)?.sval ??
          '',
      ),
  );
}

function judgeConstraint({
  contype,
  indexname,
  skip_validation,
}: Constraint): Rule | undefined {
  if (/CHECK|FOREIGN|NOTNULL/.test(`${contype}`))
    return skip_validation ? undefined : 'validating-constraint';
  return indexname ? undefined : 'index-building-constraint';
}

function judgeIndex({ node }: Operation): Rule | undefined {
  if (!('IndexStmt' in node)) return undefined;
  const { concurrent, idxname } = node.IndexStmt;
  if (!concurrent) return 'blocking-index';
  return idxname ? undefined : 'unnamed-index';
}

/** What else can be dropped holds no rows: a trigger, a function, a policy. */
function judgeDrop(
  operation: Operation,
  { inUse }: Facts,
): Rule | undefined {
  const { node, table } = operation;
  if (!('DropStmt' in node)) return undefined;
  if (node.DropStmt.removeType === 'OBJECT_INDEX')
    return isConcurrent(operation) ? undefined : 'blocking-index';
  if (node.DropStmt.removeType !== 'OBJECT_TABLE') return undefined;
  const isRead = inUse.some((column) => column.startsWith(`${table}.`));
  return isRead ? 'column-in-use' : undefined;
}

/** Indexes and constraints may change their names: no query says them. */
function judgeRename({ node }: Operation): Rule | undefined {
  if (!('RenameStmt' in node)) return undefined;
  const isQuiet = /INDEX|CONSTRAINT/.test(
    `${node.RenameStmt.renameType}`,
  );
  return isQuiet ? undefined : 'rename';
}
