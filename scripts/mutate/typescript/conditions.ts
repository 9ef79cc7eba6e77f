import ts from 'typescript';
import {
  isChainOf,
  isCondition,
  isExit,
  isJudged,
  isLogical,
  isNot,
  type LogicalExpression,
  listBranchStatements,
  unwrap,
} from './condition-places.ts';
import { type Change, type Operator, quote, replaceNode, replaceSpan } from './operator.ts';
import { isLogCall, readCallee } from './scope.ts';

const { AmpersandAmpersandToken: AND, BarBarToken: OR } = ts.SyntaxKind;

const BOUNDARIES: Record<string, string> = { '<': '<=', '<=': '<', '>': '>=', '>=': '>' };
const COMPARISON = /^(<|<=|>|>=|[!=]==?|in|instanceof)$/;

function moveBoundary(node: ts.Node): Change[] {
  if (!ts.isBinaryExpression(node)) return [];
  const other = BOUNDARIES[node.operatorToken.getText()];
  return other === undefined ? [] : [replaceNode(node.operatorToken, other)];
}

function dropOperand(node: ts.Node): Change[] {
  if (!isLogical(node)) return [];
  const { left, right } = node;
  const rest = { start: left.end, end: node.end };
  const changes = [replaceSpan(rest, '', describeDropped(right, node))];
  if (isLogical(left) && left.operatorToken.kind === node.operatorToken.kind) return changes;
  const first = { start: node.getStart(), end: right.getStart() };
  return [replaceSpan(first, '', describeDropped(left, node)), ...changes];
}

function describeDropped(operand: ts.Node, { operatorToken }: LogicalExpression): string {
  return `${quote(operand.getText())} of \`${operatorToken.getText()}\` is gone`;
}

function forceCondition(node: ts.Node): Change[] {
  return listForced(node)
    .filter((value) => node.getText() !== `${value}`)
    .map((value) => replaceNode(node, `${value}`, `${quote(node.getText())} is always ${value}`));
}

/** The values that show something which no other mutant of the same place shows. */
function listForced(node: ts.Node): boolean[] {
  // An operand dropped from `a && b` brings it nearer to true, and one dropped from `a || b` to false.
  const isEither = isChainOf(node, OR);
  const isBoth = isChainOf(node, AND);
  if (!isCondition(node)) return isKeptAnswer(node) ? listUnless(isBoth, isEither) : [];
  const { parent } = node;
  if (ts.isIfStatement(parent)) return listForcedOfIf(parent, isBoth, isEither);
  return listUnless(isBoth || !ts.isConditionalExpression(parent), isEither);
}

function listUnless(isShownTrue: boolean, isShownFalse: boolean): boolean[] {
  return [true, false].filter((value) => !(value ? isShownTrue : isShownFalse));
}

/** A comparison, or a chain of them, that no condition asks: it is returned, passed or kept. */
function isKeptAnswer(node: ts.Node): boolean {
  if (ts.isParenthesizedExpression(node) || isJudged(node) || isNegated(node)) return false;
  return listOperands(node).some(isBoolean);
}

function isNegated({ parent }: ts.Node): boolean {
  return ts.isParenthesizedExpression(parent) ? isNegated(parent) : isNot(parent);
}

function listOperands(node: ts.Node): ts.Node[] {
  const inner = unwrap(node);
  const isChain = isChainOf(inner, AND) || isChainOf(inner, OR);
  return isChain && isLogical(inner) ? [inner.left, inner.right].flatMap(listOperands) : [inner];
}

const QUESTION = /^(is|has|may|can)([A-Z]|$)|^(test|includes|some|every|startsWith|endsWith)$/;

/** What a call answers is known only by its name: alone, it is left as it is. */
function isBoolean(node: ts.Node): boolean {
  if (isNot(node)) return true;
  if (ts.isCallExpression(node)) return isLogical(node.parent) && QUESTION.test(readCallee(node));
  return ts.isBinaryExpression(node) && COMPARISON.test(node.operatorToken.getText());
}

function listForcedOfIf(node: ts.IfStatement, isBoth: boolean, isEither: boolean): boolean[] {
  const isGuard = node.elseStatement === undefined;
  const statements = listBranchStatements(node.thenStatement);
  const last = statements.at(-1);
  // A guard that always leaves is seen by every test that comes past it.
  const isTrivial = isGuard && isExit(last) && !(ts.isReturnStatement(last) && last.expression);
  return listUnless(isBoth || isTrivial, isEither || (isGuard && isRemovedWhole(statements)));
}

/** Statements whose removal, one by one, shows that their `if` is needed; a log shows it to nobody. */
function isRemovedWhole(statements: readonly ts.Statement[]): boolean {
  const calls = statements.filter(ts.isExpressionStatement);
  const isLogged = calls.every(({ expression }) => isLogCall(expression));
  return calls.length === statements.length && !isLogged;
}

/** Operators that change what is decided. */
export const CONDITIONS: Operator[] = [
  {
    name: 'comparison-boundary',
    description: '`<` becomes `<=`, `>=` becomes `>`',
    family: 'conditions',
    mutate: moveBoundary,
  },
  {
    name: 'operand-dropped',
    description: '`a && b`, `a || b` and `a ?? b` become `a` or `b`',
    family: 'conditions',
    mutate: dropOperand,
  },
  {
    name: 'condition-forced',
    description: 'a condition, or a comparison that is kept, is always true or always false',
    family: 'conditions',
    mutate: forceCondition,
  },
];
