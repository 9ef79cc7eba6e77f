import ts from 'typescript';
import { isExit, isSoleStatement } from './condition-places.ts';
import { type Change, type Operator, quote, replaceNode, replaceSpan } from './operator.ts';
import { isLogCall, readCallee } from './scope.ts';

const LOGGED = new Set(['warn', 'error', 'fatal']);

function removeStatement(node: ts.Node): Change[] {
  if (!ts.isExpressionStatement(node)) return [];
  const call = readCall(node);
  if (isLogCall(call) || ts.isStringLiteral(node.expression) || isSuperCall(call)) return [];
  return [remove(node)];
}

function removeLog(node: ts.Node): Change[] {
  if (!ts.isExpressionStatement(node)) return [];
  const call = readCall(node);
  if (!ts.isCallExpression(call) || !isLogCall(call)) return [];
  return LOGGED.has(readCallee(call)) ? [remove(node)] : [];
}

/** A guard's own exit stays: its condition is forced to false instead. */
function removeExit(node: ts.Node): Change[] {
  if (!isExit(node) || isSoleStatement(node) || isInCase(node)) return [];
  if (ts.isReturnStatement(node) && !isInIf(node)) return [];
  return [remove(node)];
}

/** Without its `break`, a case would run the next one: `case-removed` shows more. */
function isInCase(node: ts.Node): boolean {
  return ts.isCaseOrDefaultClause(node.parent);
}

function isInIf({ parent }: ts.Node): boolean {
  return ts.isBlock(parent) && ts.isIfStatement(parent.parent);
}

function remove(node: ts.Statement): Change {
  const isListed = ts.isBlock(node.parent) || ts.isSourceFile(node.parent) || isInCase(node);
  return replaceNode(node, isListed ? '' : '{}', `${quote(node.getText())} is gone`);
}

/** The call of `foo();`, `await foo();` and `void foo();`. */
function readCall({ expression }: ts.ExpressionStatement): ts.Expression {
  const isWrapped = ts.isAwaitExpression(expression) || ts.isVoidExpression(expression);
  return isWrapped ? expression.expression : expression;
}

function isSuperCall(node: ts.Node): boolean {
  return ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword;
}

function swapStatements(node: ts.Node): Change[] {
  if (!ts.isBlock(node)) return [];
  return node.statements.flatMap((first, index) => {
    const second = node.statements[index + 1];
    return second !== undefined && isOrdered(first, second) ? [swap(first, second)] : [];
  });
}

/** Only around an `await` is the order of two statements seen by others. */
function isOrdered(first: ts.Statement, second: ts.Statement): boolean {
  if (!hasEffect(first) || !hasEffect(second)) return false;
  const isAwaited = [first, second].some(({ expression }) => ts.isAwaitExpression(expression));
  return isAwaited && first.getText() !== second.getText();
}

const PAUSES = /^(setImmediate|setTimeout|pause|sleep|delay|wait|all|allSettled)\b/;

/** To wait for a while, or for what runs already, does nothing: put earlier, it waits for ever. */
function hasEffect(node: ts.Statement): node is ts.ExpressionStatement {
  if (!ts.isExpressionStatement(node) || isLogCall(readCall(node))) return false;
  if (!ts.isAwaitExpression(node.expression)) return true;
  const call = readCall(node);
  return ts.isCallExpression(call) && !PAUSES.test(readFirstCallee(call));
}

/** The `pause` of `pause(1).catch(ignore)`. */
function readFirstCallee(call: ts.CallExpression): string {
  const callee = call.expression;
  if (!ts.isPropertyAccessExpression(callee)) return callee.getText();
  return ts.isCallExpression(callee.expression)
    ? readFirstCallee(callee.expression)
    : callee.name.text;
}

function swap(first: ts.Statement, second: ts.Statement): Change {
  const span = { start: first.getStart(), end: second.end };
  const between = first.getSourceFile().text.slice(first.end, second.getStart());
  const meaning = `${quote(first.getText())} comes after ${quote(second.getText())}`;
  return replaceSpan(span, `${second.getText()}${between}${first.getText()}`, meaning);
}

function removeCase(node: ts.Node): Change[] {
  if (!ts.isCaseOrDefaultClause(node) || node.statements.length === 0) return [];
  if (node.parent.clauses.length < 2) return [];
  return [replaceNode(node, '', `${quote(node.getText())} is gone`)];
}

function rethrow(node: ts.Node): Change[] {
  if (!ts.isCatchClause(node)) return [];
  const caught = node.variableDeclaration?.name;
  const name = caught !== undefined && ts.isIdentifier(caught) ? caught.text : 'error';
  const last = node.block.statements.at(-1);
  const isThrown = last !== undefined && ts.isThrowStatement(last);
  // What comes before it is removed one by one.
  if (isThrown && last.expression.getText() === name) return [];
  return [replaceNode(node, `catch (${name}) { throw ${name}; }`, '`catch` throws what it caught')];
}

/** Ends a loop after its first round: what comes second is seen only by a test that has a second. */
function endLoop(node: ts.Node): Change[] {
  if (!ts.isIterationStatement(node, false)) return [];
  const { statement } = node;
  const meaning = `the loop ends after its first round`;
  if (!ts.isBlock(statement)) {
    return [replaceNode(statement, `{ ${statement.getText()} break; }`, meaning)];
  }
  if (isExit(statement.statements.at(-1))) return [];
  const end = statement.end - 1;
  return [replaceSpan({ start: end, end }, 'break; ', meaning)];
}

/** Operators that take whole statements away, or change their order. */
export const STATEMENTS: Operator[] = [
  {
    name: 'statement-removed',
    description: 'a call or an assignment is gone',
    family: 'statements',
    mutate: removeStatement,
  },
  {
    name: 'log-removed',
    description: 'a warning or an error is not logged',
    family: 'statements',
    mutate: removeLog,
  },
  {
    name: 'exit-removed',
    description: 'a `return`, `throw`, `break` or `continue` is gone',
    family: 'statements',
    mutate: removeExit,
  },
  {
    name: 'statements-swapped',
    description: 'two neighbours change places, one of them awaited',
    family: 'statements',
    mutate: swapStatements,
  },
  {
    name: 'loop-ended',
    description: 'a loop ends after its first round',
    family: 'statements',
    mutate: endLoop,
  },
  {
    name: 'case-removed',
    description: 'a `case` is gone, and its value falls to `default`',
    family: 'statements',
    mutate: removeCase,
  },
  {
    name: 'catch-rethrows',
    description: '`catch` throws what it caught',
    family: 'statements',
    mutate: rethrow,
  },
];
