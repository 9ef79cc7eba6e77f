import ts from 'typescript';

type Logical =
  | ts.SyntaxKind.AmpersandAmpersandToken
  | ts.SyntaxKind.BarBarToken
  | ts.SyntaxKind.QuestionQuestionToken;

const LOGICAL = new Set<ts.SyntaxKind>([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
]);

/** `a && b`, `a || b` or `a ?? b`. */
export type LogicalExpression = ts.BinaryExpression & { operatorToken: { kind: Logical } };

/** Whether a node is `a && b`, `a || b` or `a ?? b`. */
export function isLogical(node: ts.Node): node is LogicalExpression {
  return ts.isBinaryExpression(node) && LOGICAL.has(node.operatorToken.kind);
}

/** Whether a node is `a && b` (or `a || b`), parentheses aside. */
export function isChainOf(node: ts.Node, kind: Logical): boolean {
  const inner = unwrap(node);
  return isLogical(inner) && inner.operatorToken.kind === kind;
}

/** Whether an `if`, a loop or a ternary asks this very node. */
export function isCondition(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isDoStatement(parent)) {
    return parent.expression === node;
  }
  return (
    (ts.isConditionalExpression(parent) || ts.isForStatement(parent)) && parent.condition === node
  );
}

/** Whether a boolean decides a condition, or is part of a chain of `&&` and `||`, which are changed instead. */
export function isJudged(node: ts.Node): boolean {
  const { parent } = node;
  if (isCondition(node) || (isLogical(parent) && !isNullish(parent))) return true;
  return (ts.isParenthesizedExpression(parent) || isNot(parent)) && isJudged(parent);
}

/** Whether a node is `!a`. */
export function isNot(node: ts.Node): node is ts.PrefixUnaryExpression {
  return ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken;
}

/** A node without the parentheses around it. */
export function unwrap(node: ts.Node): ts.Node {
  return ts.isParenthesizedExpression(node) ? unwrap(node.expression) : node;
}

/** The statements that a branch of an `if` runs. */
export function listBranchStatements(branch: ts.Statement): readonly ts.Statement[] {
  return ts.isBlock(branch) ? branch.statements : [branch];
}

/** Whether a statement leaves the function or the round of the loop. */
export function isExit(node: ts.Node | undefined): node is ts.Statement {
  return (
    node !== undefined &&
    (ts.isReturnStatement(node) ||
      ts.isThrowStatement(node) ||
      ts.isContinueStatement(node) ||
      ts.isBreakStatement(node))
  );
}

/** Whether a statement is all that an `if` without `else` does: it is not run when the condition is false. */
export function isSoleStatement(statement: ts.Node): boolean {
  const branch = ts.isBlock(statement.parent) ? statement.parent : statement;
  const owner = branch.parent;
  if (!ts.isIfStatement(owner) || owner.thenStatement !== branch) return false;
  return (
    owner.elseStatement === undefined && listBranchStatements(owner.thenStatement).length === 1
  );
}

function isNullish(node: LogicalExpression): boolean {
  return node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken;
}
