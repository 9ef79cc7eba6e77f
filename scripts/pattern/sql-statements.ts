import { loadModule, parseSync } from 'libpg-query';
import { namesTable, type ParsedStatement } from './names-table.ts';

await loadModule();

type Statement = { text: string; parsed?: ParsedStatement };

/** The statements of a script, each with the comments before it and its semicolon; throws what Postgres says of a script that it cannot parse. */
export const splitStatements = (sql: string): string[] =>
  parseStatements(sql).map(({ text }) => text);

/**
 * A script without what makes, changes or reads the tables. A table that refers to one of them
 * stays: that is where the pattern joins what the project has.
 */
export function leaveOutTables(sql: string, tables: readonly string[]): string {
  const kept = parseStatements(sql).filter(
    ({ parsed }) => parsed === undefined || !tables.some((table) => namesTable(parsed, table)),
  );
  return `${kept.map(({ text }) => text).join('\n\n')}\n`;
}

/** The tables that a script makes and grants no right on; a partition has those of its table. */
export function listUngrantedTables(sql: string): string[] {
  const statements = parseStatements(sql).flatMap(({ parsed }) => parsed ?? []);
  const grants = statements.filter((statement) => 'GrantStmt' in statement);
  return statements
    .flatMap((one) => ('CreateStmt' in one && !one.CreateStmt.partbound ? one.CreateStmt : []))
    .flatMap(({ relation }) => relation?.relname ?? [])
    .filter((table) => !grants.some((grant) => namesTable(grant, table)));
}

/** What comes after the last statement has nothing to parse. */
function parseStatements(sql: string): Statement[] {
  // Postgres counts bytes of UTF-8.
  const bytes = Buffer.from(sql);
  const cut = (from: number, to: number) => bytes.subarray(from, to).toString().trim();
  let start = 0;
  const statements = (parseSync(sql).stmts ?? []).map(({ stmt, stmt_location, stmt_len }) => {
    const end = stmt_len === undefined ? bytes.length : (stmt_location ?? 0) + stmt_len + 1;
    const text = cut(start, end);
    start = end;
    return { text, ...(stmt && { parsed: stmt }) };
  });
  const rest = cut(start, bytes.length);
  return rest === '' ? statements : [...statements, { text: rest }];
}
