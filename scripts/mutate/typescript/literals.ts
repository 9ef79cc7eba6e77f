import ts from 'typescript';
import { isCondition } from './condition-places.ts';
import { type Change, type Operator, quote, replaceNode, replaceSpan } from './operator.ts';
import { isKey, isSql, readCallee } from './scope.ts';

function flip(node: ts.Node): Change[] {
  if (node.kind === ts.SyntaxKind.TrueKeyword) return flipUnlessJudged(node, 'false');
  if (node.kind === ts.SyntaxKind.FalseKeyword) return flipUnlessJudged(node, 'true');
  return [];
}

/** A comparison is negated instead, and an assignment is removed. */
function flipUnlessJudged(node: ts.Node, other: string): Change[] {
  const { parent } = node;
  return ts.isBinaryExpression(parent) || isCondition(node) ? [] : [replaceNode(node, other)];
}

/** Names that have a near relative: the program still runs. */
const RELATIVES: Record<string, string> = {
  base64: 'base64url',
  base64url: 'base64',
  hex: 'base64',
  NFC: 'NFD',
  NFKC: 'NFC',
  sha256: 'sha1',
  sha384: 'sha256',
  sha512: 'sha256',
  SIGINT: 'SIGTERM',
  SIGKILL: 'SIGTERM',
  SIGTERM: 'SIGINT',
  utf8: 'latin1',
};

function changeName(node: ts.Node): Change[] {
  if (!ts.isStringLiteral(node) || ts.isPropertyAssignment(node.parent)) return [];
  const other = Object.hasOwn(RELATIVES, node.text) ? RELATIVES[node.text] : undefined;
  return other === undefined || isDecoded(node) ? [] : [replaceNode(node, `'${other}'`)];
}

/** Node decodes both kinds of base64 whatever it is told. */
function isDecoded({ parent, text }: ts.StringLiteral): boolean {
  return ts.isCallExpression(parent) && readCallee(parent) === 'from' && text.startsWith('base64');
}

function emptyString(node: ts.Node): Change[] {
  if (!ts.isStringLiteralLike(node) || isSql(node) || Object.hasOwn(RELATIVES, node.text))
    return [];
  if (node.text === '') return isDefault(node) ? [replaceNode(node, "'changed'")] : [];
  return isKey(node.text) && isUsedAsKey(node) ? [replaceNode(node, "''")] : [];
}

function isUsedAsKey(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isNewExpression(parent) || ts.isCallExpression(parent)) return isPassed(node, parent);
  return ts.isPropertyDeclaration(parent) || isDefault(node);
}

const LISTENING = /^(on|off|once|emit|addListener|addEventListener|removeEventListener)$/;

/** A listener is removed with its statement; an empty address ends the program at once. */
function isPassed(node: ts.Node, call: ts.CallExpression | ts.NewExpression): boolean {
  if (call.expression === node) return false;
  return ts.isIdentifier(call.expression)
    ? readCallee(call) !== 'URL'
    : !LISTENING.test(readCallee(call));
}

/** The start of a variable, or what a parameter is when nothing is passed. */
function isDefault({ parent }: ts.Node): boolean {
  return ts.isParameter(parent) || ts.isBindingElement(parent) || ts.isVariableDeclaration(parent);
}

const PARTS = /[,;]\s+/g;

function dropPart(node: ts.Node): Change[] {
  if (!ts.isStringLiteralLike(node) || !isHeaderValue(node)) return [];
  const raw = node.getText().slice(1, -1);
  const parts = raw.split(PARTS);
  const separator = raw.match(PARTS)?.[0];
  if (separator === undefined) return [];
  const start = node.getStart() + 1;
  return parts.map((part, index) => {
    const rest = parts.toSpliced(index, 1).join(separator);
    const span = { start, end: start + raw.length };
    return replaceSpan(span, rest, `${quote(part)} of ${quote(raw)} is gone`);
  });
}

/** Headers are lists: `'cache-control': 'no-cache, no-transform'`. */
function isHeaderValue(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isPropertyAssignment(parent))
    return /^['"]?[\w]+-[\w-]+['"]?$/.test(parent.name.getText());
  if (!ts.isCallExpression(parent) || parent.arguments[0] === node) return false;
  return /^(setHeader|appendHeader|header|set|append)$/.test(readCallee(parent));
}

function dropSubstitution(node: ts.Node): Change[] {
  if (!ts.isTemplateSpan(node)) return [];
  const { templateSpans, head } = node.parent;
  const before = templateSpans[templateSpans.indexOf(node) - 1]?.literal ?? head;
  // Without an operand, a statement of SQL is no statement; inside quotes it is one.
  if (isSql(node.parent) && !before.text.endsWith("'")) return [];
  const span = { start: before.end - 2, end: node.literal.getStart() + 1 };
  return [replaceSpan(span, '', `${quote(`\${${node.expression.getText()}}`)} is gone`)];
}

/** Operators that change a constant which is not a number. */
export const LITERALS: Operator[] = [
  {
    name: 'boolean-flipped',
    description: '`true` becomes `false`',
    family: 'literals',
    mutate: flip,
  },
  {
    name: 'name-changed',
    description: 'an encoding, a digest or a signal becomes a near relative',
    family: 'literals',
    mutate: changeName,
  },
  {
    name: 'string-emptied',
    description: 'a string that the program reads becomes empty',
    family: 'literals',
    mutate: emptyString,
  },
  {
    name: 'header-part-dropped',
    description: "`'no-cache, no-transform'` becomes `'no-cache'`",
    family: 'literals',
    mutate: dropPart,
  },
  {
    name: 'substitution-dropped',
    description: 'a part of a template that is put in is gone',
    family: 'literals',
    mutate: dropSubstitution,
  },
];
