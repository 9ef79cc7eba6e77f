import ts from 'typescript';
import type { Mutant } from '../mutant.ts';
import { sortMutants } from '../sort-mutants.ts';
import { TYPESCRIPT_OPERATORS } from './operators.ts';
import { isOutOfScope } from './scope.ts';

/** Lists the small changes to a TypeScript file, sorted by place; no two make the same text. */
export function mutateTypeScript(source: string): Mutant[] {
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true);
  const nodes = listNodes(file);
  const mutants = TYPESCRIPT_OPERATORS.flatMap(({ name, mutate }) =>
    nodes.flatMap((node) => mutate(node).map((change) => ({ operator: name, ...change }))),
  );
  return sortMutants(source, mutants);
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
