import type { Constraint, Node } from 'libpg-query';
import { judge, MENDS, type Rule } from './lint-rules.ts';
import type { Direction, Migration, Step } from './migration.ts';
import {
  findAll,
  isConcurrent,
  type Operation,
  readCommand,
  readComments,
  readNames,
  readOperations,
} from './read-statements.ts';

/** A statement that would stop live queries, or break a version that runs. */
export type Finding = {
  migration: string;
  direction: Direction;
  line: number;
  rule: Rule;
  mend: string;
};

type Fault = { line: number; rule: Rule };

type Known = {
  inUse: readonly string[];
  proven: Set<string>;
  /** What a check keeps from being null, by its table and name. */
  checks: Map<string, string[]>;
};

/** Lints all migrations in the order in which they run: what one may do depends on those before. */
export async function lintMigrations(
  migrations: Migration[],
  { inUse = [] }: { inUse?: readonly string[] } = {},
): Promise<Finding[]> {
  const known = {
    inUse,
    proven: new Set<string>(),
    checks: new Map<string, string[]>(),
  };
  const findings: Finding[] = [];
  const lintAll = async (direction: Direction, list: Migration[]) => {
    for (const { name: migration, [direction]: step } of list)
      for (const { line, rule } of step
        ? await lintStep(step, known)
        : [])
        findings.push({
          ...{ migration, direction, line, rule },
          mend: MENDS[rule],
        });
  };
  await lintAll('up', migrations);
  await lintAll('down', migrations.toReversed());
  return findings;
}

async function lintStep(step: Step, known: Known): Promise<Fault[]> {
  const operations = await readOperations(step.sql);
  const faults =
    step.kind === 'backfill'
      ? lintBackfill(operations)
      : lintOperations(operations, known);
  const allowed = await readAllowed(step.sql);
  return faults.filter(({ rule }) => !allowed.has(rule));
}

function lintOperations(all: Operation[], known: Known): Fault[] {
  // Nobody waits for a table that nobody sees yet.
  const created = new Set(
    all
      .filter(({ kind }) => kind === 'CreateStmt')
      .map(({ table }) => table),
  );
  const seen = all.filter(({ table }) => !created.has(table));
  const faults: Fault[] = [];
  for (const operation of seen) {
    const rule = judge(operation, known) ?? judgeLock(operation, seen);
    if (rule) faults.push({ line: operation.line, rule });
    learn(operation, known);
  }
  const [first] = all;
  if (all.length > 1 && all.some(isConcurrent))
    faults.push({ line: first?.line ?? 1, rule: 'not-alone' });
  return faults;
}

/** A transaction keeps its locks while it scans, or waits for more. */
function judgeLock(
  { kind, table, lock, statement }: Operation,
  all: Operation[],
): Rule | undefined {
  const isHeldFor = (other: Operation) =>
    other.lock !== undefined && other.statement < statement;
  if (
    kind === 'AT_ValidateConstraint' &&
    all.some((other) => other.lock === 2 || other.lock === 3)
  )
    return 'scan-under-lock';
  const before = all.filter(isHeldFor);
  const own = before.filter((other) => other.table === table);
  const held = Math.max(0, ...own.map((other) => other.lock ?? 0));
  const isStronger = (lock ?? 0) > held;
  return before.length > 0 && isStronger ? 'second-lock' : undefined;
}

/** A check that is validated proves a column: Postgres need not look. */
function learn({ kind, table, node }: Operation, known: Known): void {
  const { checks, proven } = known;
  const key = `${table}.${readCommand(node).name}`;
  const columns = checks.get(key) ?? [];
  if (kind === 'AT_AddConstraint')
    for (const one of findAll<Constraint>(node, 'Constraint'))
      checks.set(
        `${table}.${one.conname}`,
        listNotNull(one.raw_expr).map((name) => `${table}.${name}`),
      );
  if (kind === 'AT_ValidateConstraint')
    for (const column of columns) proven.add(column);
  if (kind === 'AT_DropConstraint')
    for (const column of columns) proven.delete(column);
}

/** The columns of `a is not null and b is not null`. */
function listNotNull(expression?: Node): string[] {
  if (!expression) return [];
  if ('BoolExpr' in expression) {
    const { boolop, args = [] } = expression.BoolExpr;
    return boolop === 'AND_EXPR' ? args.flatMap(listNotNull) : [];
  }
  if (!('NullTest' in expression)) return [];
  const { nulltesttype, arg } = expression.NullTest;
  const names = arg ? readNames(arg) : [];
  return nulltesttype === 'IS_NOT_NULL' ? names : [];
}

/** A batch is a `select` around the change, from $1 on and of $2 rows. */
function lintBackfill(operations: Operation[]): Fault[] {
  const [first, ...others] = operations;
  const numbers = findAll<{ number: number }>(first, 'ParamRef').map(
    ({ number }) => number,
  );
  const isBatch =
    first?.kind === 'SelectStmt' &&
    others.length === 0 &&
    numbers.includes(1) &&
    numbers.includes(2);
  return isBatch ? [] : [{ line: first?.line ?? 1, rule: 'unbatched' }];
}

/** `-- allow <rule>: <reason>` lets one through, for this file. */
async function readAllowed(sql: string): Promise<Set<string>> {
  const comments = await readComments(sql);
  const rules = comments.map(
    (text) => /^-- allow ([a-z-]+): \S/.exec(text)?.[1] ?? '',
  );
  return new Set(rules);
}
