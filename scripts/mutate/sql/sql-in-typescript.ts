import ts from 'typescript';
import type { Mutant } from '../mutant.ts';
import { mutateText } from './mutate-sql.ts';

const BEGINNINGS =
  /^\s*(select|insert|update|delete|with|create|alter|drop|begin|commit|rollback|set|listen|notify|lock|truncate|copy|refresh|grant|revoke|call|do|savepoint|release|vacuum|analyze|explain|declare|fetch|show|reset)(\s|$)/i;

/** Whether a text begins as a statement does. */
function looksLikeSql(text: string): boolean {
  return BEGINNINGS.test(text);
}

/** Lists the small changes to SQL in the strings of a TypeScript file. */
export function mutateSqlInTypeScript(source: string): Mutant[] {
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true);
  const mutants: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    mutants.push(...mutateLiteral(source, node));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return mutants;
}

/** A string with escapes is left alone: its offsets are not those of its text. */
function mutateLiteral(source: string, node: ts.Node): Mutant[] {
  if (!ts.isStringLiteralLike(node) && !ts.isTemplateExpression(node)) return [];
  const start = node.getStart() + 1;
  const raw = source.slice(start, node.end - 1);
  if (!looksLikeSql(raw) || raw.includes('\\')) return [];
  for (const parsed of listReadings(raw, node, start)) {
    const mutants = mutateText(raw, parsed).filter((mutant) => fits(node, source, mutant));
    if (mutants.length > 0)
      return mutants.map((mutant) => ({
        ...mutant,
        start: mutant.start + start,
        end: mutant.end + start,
      }));
  }
  return [];
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

/** A quote of the string's own kind would end it. */
function fits(node: ts.Node, source: string, { replacement }: Mutant): boolean {
  return !ts.isStringLiteral(node) || !replacement.includes(source[node.getStart()] ?? '');
}
