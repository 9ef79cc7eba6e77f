import ts from 'typescript';

const LOG_METHODS = new Set(['trace', 'debug', 'info', 'log', 'warn', 'error', 'fatal']);

/** Whether nothing at or below a node is to be changed: types, imports, and texts for people. */
export function isOutOfScope(node: ts.Node): boolean {
  return (
    isType(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || isMessage(node)
  );
}

function isType(node: ts.Node): boolean {
  return (
    ts.isTypeNode(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeParameterDeclaration(node) ||
    ts.isHeritageClause(node)
  );
}

function isMessage(node: ts.Node): boolean {
  return isLogArgument(node) || isErrorText(node) || isMessageProperty(node) || isProse(node);
}

function isLogArgument(node: ts.Node): boolean {
  const { parent } = node;
  return ts.isCallExpression(parent) && parent.expression !== node && isLogCall(parent);
}

/** The message of an error and its cause are for the person who debugs. */
function isErrorText(node: ts.Node): boolean {
  const { parent } = node;
  if (!ts.isNewExpression(parent) || parent.expression === node) return false;
  if (!parent.expression.getText().endsWith('Error')) return false;
  if (ts.isObjectLiteralExpression(node)) return node.getText().includes('cause');
  return (
    isTemplate(node) || (ts.isStringLiteral(node) && !isKey(node.text)) || isConcatenation(node)
  );
}

/** Two words side by side: a sentence, whoever hands it on. */
function isProse(node: ts.Node): boolean {
  if (!ts.isTemplateExpression(node) || isSql(node)) return false;
  const fixed = [node.head, ...node.templateSpans.map(({ literal }) => literal)];
  return /[a-z]{2,} [a-z]{2,}/i.test(fixed.map(({ text }) => text).join('$'));
}

const MESSAGE_NAMES = new Set(['message', 'detail', 'title']);

function isMessageProperty(node: ts.Node): boolean {
  if (ts.isPropertyAssignment(node)) return MESSAGE_NAMES.has(node.name.getText());
  if (!ts.isPropertyDeclaration(node)) return false;
  return MESSAGE_NAMES.has(node.name.getText()) || node.name.getText() === 'name';
}

/** Whether a call writes to a log: `log.warn(…)`, `options.log.error(…)`, `console.log(…)`. */
export function isLogCall(node: ts.Node): boolean {
  if (!ts.isCallExpression(node)) return false;
  const callee = node.expression;
  if (!ts.isPropertyAccessExpression(callee)) return false;
  if (!LOG_METHODS.has(callee.name.text)) return false;
  return /(^|\.)(log|logger|console)$/.test(callee.expression.getText());
}

/** The name of what is called: `query` of `pool.query(…)`, `hash` of `hash(…)`. */
export function readCallee(node: ts.CallExpression | ts.NewExpression): string {
  const callee = node.expression;
  return ts.isPropertyAccessExpression(callee) ? callee.name.text : callee.getText();
}

/** A text for the program, not for a person: it has no white space. */
export function isKey(text: string): boolean {
  return /^[\w:./@-]+$/.test(text);
}

/** `true` or `false`. */
export function isFlag({ kind }: ts.Node): boolean {
  return kind === ts.SyntaxKind.TrueKeyword || kind === ts.SyntaxKind.FalseKeyword;
}

function isTemplate(node: ts.Node): boolean {
  return ts.isTemplateExpression(node) || ts.isNoSubstitutionTemplateLiteral(node);
}

function isConcatenation(node: ts.Node): boolean {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken;
}

const SQL_COMMANDS =
  'select|insert|update|delete|with|create|alter|drop|begin|commit|rollback|set|listen|notify|lock|truncate|copy|refresh|grant|revoke|call|do|savepoint|release|vacuum|analyze|explain|declare|fetch|show|reset';
const SQL = new RegExp(`^\\s*(${SQL_COMMANDS})(\\s|;|$)`, 'i');

/** Whether a string or template is a statement of SQL, which has operators of its own. */
export function isSql(node: ts.Node): boolean {
  if (ts.isStringLiteralLike(node)) return SQL.test(node.text);
  return ts.isTemplateExpression(node) && SQL.test(node.head.text);
}

/** Whether a call hands a statement of SQL to Postgres; its values must fit the statement. */
export function isQuery(node: ts.Node): boolean {
  if (!ts.isCallExpression(node)) return false;
  const [statement] = node.arguments;
  if (statement === undefined) return false;
  return isSql(statement) || readCallee(node) === 'query';
}
