import { type Database, openPool } from '@touchstone/kit/postgres/database';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { applyMutant } from '../apply-mutant.ts';
import type { Mutant } from '../mutant.ts';
import type { PlacedMutant } from '../run-mutants.ts';
import { listSqlStatements } from './definitions.ts';
import { scanSql } from './scan-sql.ts';
import { type EmbeddedSql, listEmbeddedSql } from './sql-in-typescript.ts';
import { textOf } from './statement.ts';

/** Classes of SQLSTATE that find fault with the SQL; any other error is the server's, or ours. */
const FAULTS_OF_SQL = /^(0A|22|23|2B|3D|3F|42|44|P0)|^55000$/;
const isOfSql = ({ operator }: Mutant): boolean => operator.startsWith('sql-');

/**
 * Leaves out the SQL mutants that a real Postgres refuses by themselves: a changed file that does
 * not apply, a changed statement that has no plan. Where the unchanged text is refused too, such as
 * for a table that the files do not make, its mutants are kept. `sources` are the files by path.
 */
export async function keepValidSql(
  sources: ReadonlyMap<string, string>,
  placed: PlacedMutant[],
): Promise<PlacedMutant[]> {
  if (!placed.some(({ mutant }) => isOfSql(mutant))) return placed;
  await using postgres = await startPostgres();
  await using database = openPool(postgres.url);
  const trial = await beginTrial(database);
  try {
    const refused = new Set<PlacedMutant>();
    for await (const one of refuseInScripts(trial, sources, placed)) refused.add(one);
    for await (const one of refuseInStrings(trial, sources, placed)) refused.add(one);
    return placed.filter((one) => !refused.has(one));
  } finally {
    trial.end();
  }
}

type Trial = {
  /** Whether Postgres takes the SQL; what it does stays only when asked. */
  takes: (sql: string, options?: { stays: boolean }) => Promise<boolean>;
  end: () => void;
};

/** All happens in one transaction that is never committed. */
async function beginTrial({ pool }: Database): Promise<Trial> {
  const client = await pool.connect();
  client.on('error', () => {}); // a lost connection fails the next query
  // A change may make a loop that does not end.
  await client.query("begin; set local statement_timeout = '30s'");

  async function takes(sql: string, { stays } = { stays: false }): Promise<boolean> {
    await client.query('savepoint trial');
    try {
      await client.query(sql);
      if (!stays) await client.query('rollback to savepoint trial');
      return true;
    } catch (error) {
      if (!isFaultOfSql(error))
        throw new Error(`Postgres could not judge this SQL: ${error}\n${sql}`, { cause: error });
      await client.query('rollback to savepoint trial');
      return false;
    }
  }

  return { takes, end: () => client.release(true) };
}

function isFaultOfSql(error: unknown): boolean {
  return error instanceof Error && 'code' in error && FAULTS_OF_SQL.test(`${error.code}`);
}

/** Applies the files; one that needs another's tables comes after it. */
async function* refuseInScripts(
  trial: Trial,
  sources: ReadonlyMap<string, string>,
  placed: PlacedMutant[],
): AsyncGenerator<PlacedMutant> {
  const waiting = [...sources].filter(([path]) => path.endsWith('.sql'));
  for (let index = 0; index < waiting.length; index++) {
    const [path, source] = waiting[index] ?? ['', ''];
    if (!(await trial.takes(toTransactional(source)))) continue;
    for (const one of placed.filter((other) => other.path === path)) {
      const changed = toTransactional(applyMutant(source, one.mutant));
      if (!(await trial.takes(changed))) yield one;
    }
    await trial.takes(toTransactional(source), { stays: true });
    waiting.splice(index, 1);
    index = -1; // from the first again
  }
}

/** A file that begins and commits by itself, or builds an index beside traffic, runs here too. */
function toTransactional(sql: string): string {
  const text = { source: sql, tokens: scanSql(sql) };
  return listSqlStatements(text)
    .map((range) => textOf(text, range))
    .filter((statement) => !/^(begin|commit|start transaction)\b(?!\s+atomic)/i.test(statement))
    .map((statement) => statement.replace(/\b(index|partition \w+)\s+concurrently\b/i, '$1'))
    .join(';\n');
}

async function* refuseInStrings(
  trial: Trial,
  sources: ReadonlyMap<string, string>,
  placed: PlacedMutant[],
): AsyncGenerator<PlacedMutant> {
  for (const [path, source] of sources) {
    const own = placed.filter((one) => one.path === path && isOfSql(one.mutant));
    if (!path.endsWith('.ts') || own.length === 0) continue;
    for (const embedded of listEmbeddedSql(source)) {
      const inside = own.filter(({ mutant }) => isInside(embedded, mutant));
      if (inside.length > 0) yield* refuseUnplanned(trial, embedded, inside);
    }
  }
}

function isInside({ start, raw }: EmbeddedSql, mutant: Mutant): boolean {
  return mutant.start >= start && mutant.end <= start + raw.length;
}

/** A plan is made for one statement, without its parameters; nothing is executed. */
async function* refuseUnplanned(
  trial: Trial,
  { start, parsed }: EmbeddedSql,
  placed: PlacedMutant[],
): AsyncGenerator<PlacedMutant> {
  const plan = (sql: string) => trial.takes(`explain (generic_plan) ${sql}`);
  const isOne = listSqlStatements({ source: parsed, tokens: scanSql(parsed) }).length === 1;
  if (!isOne || !(await plan(parsed))) return;
  for (const one of placed) {
    const { mutant } = one;
    const moved = { ...mutant, start: mutant.start - start, end: mutant.end - start };
    if (!(await plan(applyMutant(parsed, moved)))) yield one;
  }
}
