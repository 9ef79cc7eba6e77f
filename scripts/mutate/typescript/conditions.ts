import ts from 'typescript';
import {
  isChainOf,
  isCondition,
  isExit,
  isJudged,
  isLogical,
  isNot,
  type LogicalExpression,
  listStatements,
  unwrap,
} from './condition-places.ts';
import { type Change, type Operator, quote, replaceNode, replaceSpan } from './operator.ts';
import { isLogCall, readCallee } from './scope.ts';

const { AmpersandAmpersandToken: AND, BarBarToken: OR } = ts.SyntaxKind;

const BOUNDARIES: Record<string, string> = { '<': '<=', '<=': '<', '>': '>=', '>=': '>' };
const NEGATIONS: Record<string, string> = {
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
  '===': '!==',
  '!==': '===',
  '==': '!=',
  '!=': '==',
};

function moveBoundary(node: ts.Node): Change[] {
  return swapComparison(node, BOUNDARIES);
}

function negateComparison(node: ts.Node): Change[] {
  if (!ts.isBinaryExpression(node) || isJudged(node) || isNegated(node)) return [];
  if (!isMembership(node)) return swapComparison(node, NEGATIONS);
  return [replaceNode(node, `!(${node.getText()})`, `${quote(node.getText())} is negated`)];
}

function swapComparison(node: ts.Node, table: Record<string, string>): Change[] {
  if (!ts.isBinaryExpression(node)) return [];
  const other = table[node.operatorToken.getText()];
  return other === undefined ? [] : [replaceNode(node.operatorToken, other)];
}

function dropNegation(node: ts.Node): Change[] {
  if (!isNot(node) || isJudged(node) || isNot(node.parent)) return [];
  return [
    replaceNode(node, node.operand.getText(), `the \`!\` of ${quote(node.getText())} is gone`),
  ];
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
  const values = isChain(node) && !isInCondition(node) ? [isChainOf(node, OR)] : listForced(node);
  return values
    .filter((value) => node.getText() !== `${value}`)
    .map((value) => replaceNode(node, `${value}`, `${quote(node.getText())} is always ${value}`));
}

/** Outside a condition, `a && b` of booleans; there `true` for it shows no more than a dropped operand. */
function isChain(node: ts.Node): boolean {
  if (!isChainOf(node, AND) && !isChainOf(node, OR)) return false;
  if (ts.isParenthesizedExpression(node) || isLogical(climb(node))) return false;
  return listOperands(node).some(isBoolean);
}

function isInCondition(node: ts.Node): boolean {
  return isCondition(node) || isJudged(node);
}

function climb(node: ts.Node): ts.Node {
  return ts.isParenthesizedExpression(node.parent) ? climb(node.parent) : node.parent;
}

function listOperands(node: ts.Node): ts.Node[] {
  const inner = unwrap(node);
  return isLogical(inner) ? [inner.left, inner.right].flatMap(listOperands) : [inner];
}

const QUESTIONS = /^(is|has|may|can|test|includes|some|every|startsWith|endsWith)([A-Z]|$)/;

function isBoolean(node: ts.Node): boolean {
  if (isNot(node) || isMembership(node)) return true;
  if (ts.isCallExpression(node)) return QUESTIONS.test(readCallee(node));
  return ts.isBinaryExpression(node) && node.operatorToken.getText() in NEGATIONS;
}

function isMembership(node: ts.Node): boolean {
  if (!ts.isBinaryExpression(node)) return false;
  const { kind } = node.operatorToken;
  return kind === ts.SyntaxKind.InKeyword || kind === ts.SyntaxKind.InstanceOfKeyword;
}

function isNegated(node: ts.Node): boolean {
  return isNot(climb(node));
}

/** The values that show something which no other mutant of the same place shows. */
function listForced(node: ts.Node): boolean[] {
  if (!isCondition(node)) return [];
  const { parent } = node;
  // An operand dropped from `a && b` brings it nearer to true, and one dropped from `a || b` to false.
  const values = [!isChainOf(node, AND), isChainOf(node, OR)];
  if (ts.isIfStatement(parent)) return listForcedOfIf(parent, values);
  const mayBeTrue = ts.isConditionalExpression(parent) && values[0];
  return [...(mayBeTrue ? [true] : []), ...(values[1] ? [] : [false])];
}

function listForcedOfIf(statement: ts.IfStatement, [mayBeTrue, isEither]: boolean[]): boolean[] {
  const isGuard = statement.elseStatement === undefined;
  const statements = listStatements(statement.thenStatement);
  const last = statements.at(-1);
  // A guard that always leaves is seen by every test that comes past it.
  const isTrivial = isGuard && isExit(last) && !(ts.isReturnStatement(last) && last.expression);
  const isShown = isGuard && !isExit(last) && statements.some(isRemovedAlone);
  const values: boolean[] = [];
  if (mayBeTrue && !isTrivial) values.push(true);
  if (!isEither && !isShown) values.push(false);
  return values;
}

/** A statement whose removal shows that its `if` is needed. */
function isRemovedAlone(statement: ts.Statement): boolean {
  return ts.isExpressionStatement(statement) && !isLogCall(statement.expression);
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
    name: 'comparison-negated',
    description: '`===` becomes `!==`, `<` becomes `>=`, where no condition is forced',
    family: 'conditions',
    mutate: negateComparison,
  },
  {
    name: 'negation-dropped',
    description: '`!a` becomes `a`, where no condition is forced',
    family: 'conditions',
    mutate: dropNegation,
  },
  {
    name: 'operand-dropped',
    description: '`a && b`, `a || b` and `a ?? b` become `a` or `b`',
    family: 'conditions',
    mutate: dropOperand,
  },
  {
    name: 'condition-forced',
    description: 'a condition is always true, or always false',
    family: 'conditions',
    mutate: forceCondition,
  },
];
