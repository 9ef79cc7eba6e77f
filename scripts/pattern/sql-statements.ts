const SKIP = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"[^"]*"|(\$\w*\$)[\s\S]*?\1/y;

/** The statements of a script, each with the comments before it and its semicolon. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let start = 0;
  for (let index = 0; index < sql.length; ) {
    SKIP.lastIndex = index;
    const skipped = SKIP.exec(sql)?.[0].length ?? 0;
    index += Math.max(skipped, 1);
    if (skipped > 0 || sql[index - 1] !== ';') continue;
    statements.push(sql.slice(start, index));
    start = index;
  }
  return [...statements, sql.slice(start)].map((text) => text.trim()).filter(Boolean);
}

/**
 * A script without what makes, changes or reads the tables. A table that refers to one of them
 * stays: that is where the pattern joins what the project has.
 */
export function leaveOutTables(sql: string, tables: readonly string[]): string {
  const kept = splitStatements(sql).filter((statement) => !isAbout(statement, tables));
  return `${kept.join('\n\n')}\n`;
}

function isAbout(statement: string, tables: readonly string[]): boolean {
  const code = statement.replace(/--[^\n]*/g, '').trim();
  const created = /^create table (?:if not exists )?(\w+)/i.exec(code)?.[1];
  if (created !== undefined) return tables.includes(created);
  return tables.some((table) => new RegExp(`\\b${table}\\b`).test(code));
}
