import ts from 'typescript';
import type { Mutant } from '../mutant.ts';
import { mutateText, parsesAsSql } from './mutate-sql.ts';

const BEGINNINGS =
  /^\s*(select|insert|update|delete|with|create|alter|drop|begin|commit|rollback|set|listen|notify|lock|truncate|copy|refresh|grant|revoke|call|do|savepoint|release|vacuum|analyze|explain|declare|fetch|show|reset)(\s|$)/i;

/** SQL in a string or template of a TypeScript file. */
export type EmbeddedSql = {
  /** Where it begins in the file. */
  start: number;
  raw: string;
  /** As long as `raw`, with something that parses in the place of what is put in later. */
  parsed: string;
  /** What would end the string; undefined for a template. */
  quoteSql: string | undefined;
};

/** Lists the SQL in the strings of a TypeScript file. */
export function listEmbeddedSql(source: string): EmbeddedSql[] {
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true);
  const found: EmbeddedSql[] = [];
  const visit = (node: ts.Node): void => {
    const embedded = readLiteral(source, node);
    if (embedded) found.push(embedded);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** Lists the small changes to SQL in the strings of a TypeScript file. */
export function mutateSqlInTypeScript(source: string): Mutant[] {
  return listEmbeddedSql(source).flatMap(({ start, raw, parsed, quoteSql }) =>
    mutateText(raw, parsed)
      .filter(({ replacement }) => quoteSql === undefined || !replacement.includes(quoteSql))
      .map((mutant) => ({ ...mutant, start: mutant.start + start, end: mutant.end + start })),
  );
}

/** A string with escapes is left alone: its offsets are not those of its text. */
function readLiteral(source: string, node: ts.Node): EmbeddedSql | undefined {
  if (!ts.isStringLiteralLike(node) && !ts.isTemplateExpression(node)) return undefined;
  const start = node.getStart() + 1;
  const raw = source.slice(start, node.end - 1);
  if (!BEGINNINGS.test(raw) || raw.includes('\\')) return undefined;
  const parsed = listReadings(raw, node, start).find(parsesAsSql);
  const quoteSql = ts.isStringLiteral(node) ? source[node.getStart()] : undefined;
  return parsed === undefined ? undefined : { start, raw, parsed, quoteSql };
}

/**
 * What is put in later reads as a name, a number or nothing: the first that parses. It is as long as
 * what it stands for, so that no token ends in the middle of it.
 */
function listReadings(raw: string, node: ts.Node, start: number): string[] {
  if (!ts.isTemplateExpression(node)) return [raw];
  const spans = node.templateSpans.map(({ expression, literal }) => ({
    from: expression.pos - 2 - start,
    to: literal.getStart() + 1 - start,
  }));
  return ['z', '1', ' '].map((letter) => {
    const fill = (text: string, { from, to }: { from: number; to: number }) =>
      text.slice(0, from) + letter.repeat(to - from) + text.slice(to);
    return spans.reduce(fill, raw);
  });
}
