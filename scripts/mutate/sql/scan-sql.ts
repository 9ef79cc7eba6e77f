import { loadModule, scanSync } from 'libpg-query';

await loadModule();

/** A lexeme of SQL as Postgres itself reads it; comments are none. */
export type SqlToken = {
  /** In lower case, but for strings and quoted names. */
  text: string;
  kind: 'word' | 'number' | 'string' | 'parameter' | 'symbol';
  start: number;
  end: number;
  /** How many parentheses are open around it; a parenthesis has the depth of what is around it. */
  depth: number;
};

/** Scans SQL into tokens; offsets are those of the JavaScript string. Throws where Postgres would. */
export function scanSql(sql: string): SqlToken[] {
  const toOffset = createOffsets(sql);
  const tokens: SqlToken[] = [];
  let depth = 0;
  for (const { start, end, tokenName, keywordName } of scanSync(sql).tokens) {
    if (tokenName === 'SQL_COMMENT' || tokenName === 'C_COMMENT') continue;
    const from = toOffset(start);
    const to = toOffset(end);
    const raw = sql.slice(from, to);
    if (raw === ')') depth -= 1;
    tokens.push({ ...describe(raw, tokenName, keywordName), start: from, end: to, depth });
    if (raw === '(') depth += 1;
  }
  return tokens;
}

function describe(
  raw: string,
  tokenName: string,
  keywordName: string,
): Pick<SqlToken, 'text' | 'kind'> {
  if (tokenName === 'SCONST') return { text: raw, kind: 'string' };
  if (tokenName === 'PARAM') return { text: raw, kind: 'parameter' };
  if (tokenName === 'ICONST' || tokenName === 'FCONST') return { text: raw, kind: 'number' };
  const isWord = tokenName === 'IDENT' || keywordName !== 'NO_KEYWORD';
  return { text: raw.startsWith('"') ? raw : raw.toLowerCase(), kind: isWord ? 'word' : 'symbol' };
}

/** Postgres counts bytes of UTF-8. */
function createOffsets(sql: string): (byte: number) => number {
  const bytes = Buffer.from(sql);
  if (bytes.length === sql.length) return (byte) => byte;
  return (byte) => bytes.subarray(0, byte).toString().length;
}
