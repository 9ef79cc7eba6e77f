import ts from 'typescript';
import { type Change, type Operator, quote, removeItem } from './operator.ts';
import { isFlag, isKey, isQuery, isSql } from './scope.ts';

function removeProperty(node: ts.Node): Change[] {
  if (!ts.isObjectLiteralExpression(node)) return [];
  const role = readRole(node);
  if (role === 'other') return [];
  return node.properties.flatMap((one, index) =>
    isOptional(one, role)
      ? removeItem(node.properties, index, `the property ${quote(one.getText())} is gone`)
      : [],
  );
}

type Role = 'passed' | 'kept' | 'other';

/** Whether an object goes into a call, or is what the caller or the module keeps. */
function readRole(node: ts.Node): Role {
  const { parent } = node;
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) return 'passed';
  if (ts.isReturnStatement(parent) || ts.isVariableDeclaration(parent)) return 'kept';
  if (ts.isArrowFunction(parent)) return 'kept';
  const isWithin =
    ts.isPropertyAssignment(parent) ||
    ts.isSpreadAssignment(parent) ||
    ts.isObjectLiteralExpression(parent) ||
    ts.isParenthesizedExpression(parent) ||
    ts.isAsExpression(parent) ||
    ts.isConditionalExpression(parent);
  return isWithin ? readRole(parent) : 'other';
}

/** A flag is flipped instead; what a caller gets back is missed at once, unless it is a constant. */
function isOptional(property: ts.ObjectLiteralElementLike, role: Role): boolean {
  if (ts.isSpreadAssignment(property)) return !ts.isObjectLiteralExpression(property.expression);
  if (ts.isShorthandPropertyAssignment(property)) return role === 'passed';
  if (!ts.isPropertyAssignment(property)) return role === 'passed';
  const value = property.initializer;
  if (isFlag(value)) return false;
  return role === 'passed' || isConstant(value);
}

/** A text for people is no setting. */
function isConstant(node: ts.Node): boolean {
  if (ts.isTemplateExpression(node)) return !isSql(node);
  if (!ts.isStringLiteralLike(node)) return false;
  return isKey(node.text) || isHeaderName(node.parent);
}

function isHeaderName(node: ts.Node): boolean {
  return ts.isPropertyAssignment(node) && node.name.getText().includes('-');
}

function removeElement(node: ts.Node): Change[] {
  if (!ts.isArrayLiteralExpression(node) || isQuery(node.parent) || isSpread(node)) return [];
  const { elements } = node;
  if (elements.length === 0 || !elements.every(isPlain)) return [];
  // Of many numbers the first and the last stand for all.
  const isScale = elements.length > 2 && elements.every(ts.isNumericLiteral);
  return elements.flatMap((one, index) => {
    const isInner = index > 0 && index < elements.length - 1;
    if (isScale && isInner) return [];
    return removeItem(elements, index, `the element ${quote(one.getText())} is gone`);
  });
}

function isSpread({ parent }: ts.Node): boolean {
  return ts.isSpreadElement(parent);
}

function isPlain(node: ts.Node): boolean {
  return ts.isStringLiteralLike(node) || ts.isNumericLiteral(node) || ts.isTemplateExpression(node);
}

/** Operators that take a part out of an object or a list. */
export const COLLECTIONS: Operator[] = [
  {
    name: 'property-removed',
    description: 'an option, or a constant of a kept object, is gone',
    family: 'collections',
    mutate: removeProperty,
  },
  {
    name: 'element-removed',
    description: 'an element of a list of constants is gone',
    family: 'collections',
    mutate: removeElement,
  },
];
