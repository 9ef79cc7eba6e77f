import { parsePlPgSQLSync, parseSync } from 'libpg-query';
import type { Mutant } from '../mutant.ts';
import { ASSIGNMENTS } from './assignments.ts';
import { CLAUSES } from './clauses.ts';
import { SQL_CONDITIONS } from './conditions.ts';
import { DEFINITIONS, listSqlStatements } from './definitions.ts';
import { PROCEDURES } from './procedures.ts';
import { RIGHTS } from './rights.ts';
import { scanSql } from './scan-sql.ts';
import { type SqlOperator, type SqlText, spanOf } from './statement.ts';
import { VALUES } from './values.ts';

const OF_QUERIES = [...SQL_CONDITIONS, ...CLAUSES, ...ASSIGNMENTS, ...VALUES];
const OF_TEXTS = [...OF_QUERIES, ...DEFINITIONS, ...RIGHTS];

/** All ways to change SQL. Of two that make the same text, the first counts. */
export const SQL_OPERATORS: SqlOperator[] = [...OF_TEXTS, ...PROCEDURES];

/** Lists the small changes to the text of a `.sql` file, sorted by place; Postgres parses each. */
export function mutateSql(source: string): Mutant[] {
  return mutateText(source, source);
}

/**
 * The same for a text in which placeholders stand for what is put in later. `parsed` has them, of
 * the same length, and `source` is what changes are cut from. What does not parse has no mutants.
 */
export function mutateText(source: string, parsed: string): Mutant[] {
  if (!parsesAsSql(parsed)) return [];
  const text: SqlText = { source, tokens: scanSql(parsed) };
  const changes = [...OF_TEXTS.flatMap((operator) => apply(operator, text)), ...mutateBodies(text)];
  const seen = new Set([normalise(parsed)]);
  return changes.filter((mutant) => isWorth(parsed, mutant, seen)).toSorted(compare);
}

function apply({ name, mutate }: SqlOperator, text: SqlText): Mutant[] {
  return mutate(text).map((change) => ({ operator: name, ...change }));
}

/** It parses, is new, and needs every parameter that the statement is given. */
function isWorth(parsed: string, mutant: Mutant, seen: Set<string>): boolean {
  const changed = parsed.slice(0, mutant.start) + mutant.replacement + parsed.slice(mutant.end);
  const shape = normalise(changed);
  if (seen.has(shape) || !parsesAsSql(changed) || losesParameter(parsed, changed)) return false;
  seen.add(shape);
  return true;
}

/** Whether Postgres parses a text, the bodies of PL/pgSQL in it included. */
export function parsesAsSql(sql: string): boolean {
  try {
    parseSync(sql);
    if (/language\s+plpgsql/i.test(sql)) checkBodies(sql);
    return true;
  } catch {
    return false;
  }
}

function checkBodies(sql: string): void {
  const text = { source: sql, tokens: scanSql(sql) };
  for (const range of listSqlStatements(text)) {
    const { start, end } = spanOf(text.tokens, range);
    const statement = sql.slice(start, end);
    if (/language\s+plpgsql/i.test(statement)) parsePlPgSQLSync(statement);
  }
}

function losesParameter(before: string, after: string): boolean {
  const list = (sql: string) => new Set(sql.match(/\$\d+/g));
  return list(before).difference(list(after)).size > 0;
}

const normalise = (sql: string): string => sql.replace(/\s+/g, ' ').trim();

/** A function's body is a text in the text: Postgres reads it when it is called. */
function mutateBodies({ source, tokens }: SqlText): Mutant[] {
  return tokens.flatMap(({ text, kind, start }) => {
    const [quotes = ''] = /^\$\w*\$/.exec(text) ?? [];
    if (kind !== 'string' || quotes === '') return [];
    const body = source.slice(start + quotes.length, start + text.length - quotes.length);
    const inner: SqlText = { source: body, tokens: scanSql(body) };
    const offset = start + quotes.length;
    return [...OF_QUERIES, ...PROCEDURES]
      .flatMap((operator) => apply(operator, inner))
      .map((mutant) => ({ ...mutant, start: mutant.start + offset, end: mutant.end + offset }));
  });
}

function compare(a: Mutant, b: Mutant): number {
  return a.start - b.start || a.end - b.end || (a.replacement < b.replacement ? -1 : 1);
}
