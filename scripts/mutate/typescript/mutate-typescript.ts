import ts from 'typescript';
import type { Mutant } from '../mutant.ts';
import { TYPESCRIPT_OPERATORS } from './operators.ts';
import { isOutOfScope } from './scope.ts';

/** Lists the small changes to a TypeScript file, sorted by place; no two make the same text. */
export function mutateTypeScript(source: string): Mutant[] {
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true);
  const nodes = listNodes(file);
  const mutants = TYPESCRIPT_OPERATORS.flatMap(({ name, mutate }) =>
    nodes.flatMap((node) => mutate(node).map((change) => ({ operator: name, ...change }))),
  );
  return dropRepeated(source, mutants).toSorted(compare);
}

function listNodes(file: ts.SourceFile): ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    if (isOutOfScope(node)) return;
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(file, visit);
  return nodes;
}

function dropRepeated(source: string, mutants: Mutant[]): Mutant[] {
  const seen = new Map<string, Mutant>();
  for (const mutant of mutants) {
    const key = findDifference(source, mutant);
    if (key !== undefined && !seen.has(key)) seen.set(key, mutant);
  }
  return [...seen.values()];
}

/** The shortest edit that makes the same text: equal for two mutants when their texts are equal. */
function findDifference(source: string, { start, end, replacement }: Mutant): string | undefined {
  const before = source.slice(start, end);
  const after = source.slice(end);
  const result = replacement + after;
  let from = 0;
  while (from < result.length && source[start + from] === result[from]) from += 1;
  if (from === result.length && before.length === replacement.length) return undefined;
  let to = 0;
  const most = Math.min(source.length - start, result.length) - from;
  while (to < most && source.at(-1 - to) === result.at(-1 - to)) to += 1;
  return `${start + from} ${source.length - to} ${result.slice(from, result.length - to)}`;
}

function compare(a: Mutant, b: Mutant): number {
  return a.start - b.start || a.end - b.end || (a.replacement < b.replacement ? -1 : 1);
}
