import ts from 'typescript';
import { type Change, type Operator, replaceNode } from './operator.ts';
import { readCallee } from './scope.ts';

function nudge(node: ts.Node): Change[] {
  if (!ts.isNumericLiteral(node) || isSettledElsewhere(node)) return [];
  const value = Number(node.text);
  return listNudges(node, value)
    .filter((other) => other >= 0 && other !== value)
    .map((other) => replaceNode(node, formatNumber(other)));
}

/** An index, a sign, an equality or a neighbour shows what a nudge would. */
function isSettledElsewhere(node: ts.NumericLiteral): boolean {
  const { parent } = node;
  if (ts.isPrefixUnaryExpression(parent) || ts.isElementAccessExpression(parent)) return true;
  if (ts.isEnumMember(parent) || isName(node) || isBase(node)) return true;
  return isListed(node) || isEqualityOperand(node) || isLaterFactor(node);
}

function isName(node: ts.NumericLiteral): boolean {
  return ts.isPropertyAssignment(node.parent) && node.parent.name === node;
}

/** Of `2 ** 20` the exponent is changed. */
function isBase(node: ts.Node): boolean {
  const { parent } = node;
  if (!ts.isBinaryExpression(parent) || parent.left !== node) return false;
  return parent.operatorToken.kind === ts.SyntaxKind.AsteriskAsteriskToken;
}

/** Of a list of numbers, whole elements are removed. */
function isListed({ parent }: ts.Node): boolean {
  return ts.isArrayLiteralExpression(parent) && parent.elements.length > 2;
}

function isEqualityOperand({ parent }: ts.Node): boolean {
  return ts.isBinaryExpression(parent) && /^[!=]==?$/.test(parent.operatorToken.getText());
}

/** `24 * 60 * 60` is one number: ten times any factor is the same. */
function isLaterFactor(node: ts.Node): boolean {
  const { parent } = node;
  if (!ts.isBinaryExpression(parent) || !isTimes(parent)) return false;
  if (parent.left === node) return false;
  const { left } = parent;
  return ts.isNumericLiteral(left) || (isTimes(left) && ts.isNumericLiteral(left.right));
}

function isTimes(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.AsteriskToken;
}

function isScale({ parent }: ts.Node): boolean {
  return ts.isBinaryExpression(parent) && /^[*/]$/.test(parent.operatorToken.getText());
}

function listNudges(node: ts.NumericLiteral, value: number): number[] {
  if (!Number.isInteger(value)) return [value / 10, value * 10];
  const { parent } = node;
  const limit = ts.isBinaryExpression(parent) ? parent.operatorToken.getText() : '';
  // Of whole numbers, `a > 4` is `a >= 5`, which the boundary has tried.
  if (limit === '>' || limit === '<=') return [value + 1];
  if (limit === '<' || limit === '>=') return [value - 1];
  if (isStatus(node)) return [value + 1];
  if (isScale(node) && value > 1) return [value * 10];
  if (value <= 1) return [value + 1];
  if (value < 10) return [value - 1, value + 1];
  return [Math.round(value / 10), value * 10];
}

/** Ten times a status is no answer of HTTP at all. */
function isStatus({ parent, text }: ts.NumericLiteral): boolean {
  if (/^[45]\d\d$/.test(text) && isRefusal(parent)) return true;
  const isNamed = ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent);
  if (isNamed) return /^status(Code)?$/.test(parent.name.getText());
  return ts.isCallExpression(parent) && /^(status|sendStatus|writeHead)$/.test(readCallee(parent));
}

/** `refuse(413, 'too_large', …)`. */
function isRefusal(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return false;
  const code = node.arguments?.[1];
  return code !== undefined && ts.isStringLiteral(code);
}

/** Without what floating point adds: 0.25 / 10 is 0.025. */
function formatNumber(value: number): string {
  return `${Number(value.toPrecision(12))}`;
}

/** Operators that change a number. */
export const NUMBERS: Operator[] = [
  {
    name: 'number-nudged',
    description: '0 becomes 1, 5 becomes 4 or 6, 30 becomes 3 or 300',
    family: 'numbers',
    mutate: nudge,
  },
];
