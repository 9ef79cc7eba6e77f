import ts from 'typescript';
import { type Change, type Operator, quote, replaceNode, replaceSpan } from './operator.ts';

const SIGNS: Record<string, string> = {
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '**': '*',
  '&': '|',
  '|': '&',
  '^': '&',
  '<<': '>>',
  '>>': '<<',
  '>>>': '<<',
};

function swapSign(node: ts.Node): Change[] {
  if (!ts.isBinaryExpression(node)) return [];
  const sign = node.operatorToken.getText();
  const other = SIGNS[sign];
  if (other === undefined || isWithinConstant(node)) return [];
  return sign === '+' && isText(node) ? dropText(node) : [replaceNode(node.operatorToken, other)];
}

/** `24 * 60 * 60` is one number, and `days * 24 * 60` is changed at its first sign. */
function isWithinConstant({ left, right }: ts.BinaryExpression): boolean {
  if (!ts.isNumericLiteral(right)) return false;
  if (ts.isNumericLiteral(left)) return true;
  return ts.isBinaryExpression(left) && ts.isNumericLiteral(left.right) && isScale(left);
}

function isScale({ operatorToken }: ts.BinaryExpression): boolean {
  return operatorToken.kind === ts.SyntaxKind.AsteriskToken;
}

function isText(node: ts.Node): boolean {
  if (ts.isBinaryExpression(node)) return isText(node.left) || isText(node.right);
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
}

function dropText({ left, right }: ts.BinaryExpression): Change[] {
  const span = { start: left.end, end: right.end };
  return [replaceSpan(span, '', `\`+\` ${quote(right.getText())} is gone`)];
}

function dropMinus(node: ts.Node): Change[] {
  if (!ts.isPrefixUnaryExpression(node)) return [];
  const isDropped =
    node.operator === ts.SyntaxKind.MinusToken || node.operator === ts.SyntaxKind.TildeToken;
  return isDropped ? [replaceNode(node, node.operand.getText())] : [];
}

const STEPS: Record<string, string> = { '+=': '-=', '-=': '+=', '*=': '/=', '/=': '*=' };
const GUARDED = new Set(['??=', '||=', '&&=']);

/** As a statement it is removed: what misses the step misses its sign too. */
function swapStep(node: ts.Node): Change[] {
  if (ts.isBinaryExpression(node)) return swapAssignment(node);
  const isStep = ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node);
  if (!isStep || !isValueUsed(node)) return [];
  const { PlusPlusToken, MinusMinusToken } = ts.SyntaxKind;
  const other = { [PlusPlusToken]: '--', [MinusMinusToken]: '++' }[node.operator as number];
  if (other === undefined) return [];
  const operand = node.operand.getText();
  return [replaceNode(node, ts.isPrefixUnaryExpression(node) ? other + operand : operand + other)];
}

function swapAssignment(node: ts.BinaryExpression): Change[] {
  const sign = node.operatorToken.getText();
  if (GUARDED.has(sign)) return [replaceNode(node.operatorToken, '=')];
  const other = STEPS[sign];
  return other !== undefined && isValueUsed(node) ? [replaceNode(node.operatorToken, other)] : [];
}

function isValueUsed({ parent }: ts.Node): boolean {
  return !ts.isExpressionStatement(parent) && !ts.isForStatement(parent);
}

/** Operators that calculate something else. */
export const ARITHMETIC: Operator[] = [
  {
    name: 'sign-swapped',
    description: '`+` becomes `-`, `*` becomes `/`; a text added to another is gone',
    family: 'arithmetic',
    mutate: swapSign,
  },
  {
    name: 'minus-dropped',
    description: '`-a` becomes `a`',
    family: 'arithmetic',
    mutate: dropMinus,
  },
  {
    name: 'step-swapped',
    description: '`++` becomes `--` where the value is used, `??=` becomes `=`',
    family: 'arithmetic',
    mutate: swapStep,
  },
];
