import ts from 'typescript';
import { type Change, type Operator, quote, removeItem, replaceNode } from './operator.ts';

function dropAwait(node: ts.Node): Change[] {
  if (!ts.isAwaitExpression(node) || isTakenApart(node)) return [];
  return [replaceNode(node, node.expression.getText(), `${quote(node.getText())} is not awaited`)];
}

/** A promise has none of the properties of what it brings, so this would not compile. */
function isTakenApart({ parent }: ts.Node): boolean {
  if (ts.isParenthesizedExpression(parent)) return isTakenApart(parent);
  if (ts.isVariableDeclaration(parent)) return !ts.isIdentifier(parent.name);
  return ts.isPropertyAccessExpression(parent) || ts.isElementAccessExpression(parent);
}

const COMBINATORS: Record<string, string[]> = {
  all: ['allSettled', 'race'],
  allSettled: ['all'],
  any: ['race'],
  race: ['all'],
};

function swapCombinator(node: ts.Node): Change[] {
  if (!ts.isPropertyAccessExpression(node) || node.expression.getText() !== 'Promise') return [];
  return (COMBINATORS[node.name.text] ?? []).map((other) => replaceNode(node.name, other));
}

const JOINING = /^(Promise\.(all|allSettled|any|race)|AbortSignal\.any)$/;

function removeContender(node: ts.Node): Change[] {
  if (!ts.isCallExpression(node) || !JOINING.test(node.expression.getText())) return [];
  const [list] = node.arguments;
  if (list === undefined || !ts.isArrayLiteralExpression(list)) return [];
  return list.elements.flatMap((one, index) =>
    removeItem(list.elements, index, `${quote(one.getText())} does not count`),
  );
}

/** Operators that change who waits for whom. */
export const PROMISES: Operator[] = [
  {
    name: 'await-dropped',
    description: '`await a` becomes `a`',
    family: 'promises',
    mutate: dropAwait,
  },
  {
    name: 'combinator-swapped',
    description: '`Promise.all` becomes `allSettled` or `race`, `race` becomes `all`',
    family: 'promises',
    mutate: swapCombinator,
  },
  {
    name: 'contender-removed',
    description: 'one promise of `Promise.race([…])` or signal of `AbortSignal.any([…])` is gone',
    family: 'promises',
    mutate: removeContender,
  },
];
