import ts from 'typescript';
import { isCondition, isNot } from './condition-places.ts';
import {
  type Change,
  type Operator,
  quote,
  removeItem,
  replaceNode,
  replaceSpan,
} from './operator.ts';
import { isFlag, isLogCall, isQuery, readCallee } from './scope.ts';

const METHODS: Record<string, string> = {
  ceil: 'floor',
  every: 'some',
  find: 'findLast',
  findIndex: 'findLastIndex',
  findLast: 'find',
  findLastIndex: 'findIndex',
  endsWith: 'startsWith',
  floor: 'ceil',
  indexOf: 'lastIndexOf',
  lastIndexOf: 'indexOf',
  on: 'once',
  once: 'on',
  pop: 'shift',
  push: 'unshift',
  round: 'floor',
  shift: 'pop',
  some: 'every',
  startsWith: 'endsWith',
  trunc: 'ceil',
  unshift: 'push',
};

/** Events that come once: `on` and `once` are the same. */
const LAST_EVENTS = new Set(['close', 'disconnect', 'end', 'error', 'exit', 'finish', 'open']);

function swapMethod(node: ts.Node): Change[] {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  const { name } = node.expression;
  const other = METHODS[name.text];
  const [first] = node.arguments;
  if (other === undefined || !Object.hasOwn(METHODS, name.text)) return [];
  if (first && ts.isStringLiteral(first) && LAST_EVENTS.has(first.text)) return [];
  return [replaceNode(name, other)];
}

function repeatOnce(node: ts.Node): Change[] {
  if (!ts.isCallExpression(node) || node.expression.getText() !== 'setInterval') return [];
  return [replaceNode(node.expression, 'setTimeout')];
}

function dropExtreme(node: ts.Node): Change[] {
  if (!ts.isCallExpression(node) || !/^Math\.(min|max)$/.test(node.expression.getText())) return [];
  const [first, second, ...others] = node.arguments;
  if (first === undefined || others.length > 0) return swapExtreme(node);
  if (second === undefined || [first, second].some(ts.isSpreadElement)) return swapExtreme(node);
  return [first, second]
    .filter((kept) => !ts.isNumericLiteral(kept))
    .map((kept) => replaceNode(node, kept.getText()));
}

function swapExtreme({ expression }: ts.CallExpression): Change[] {
  const other = expression.getText() === 'Math.min' ? 'Math.max' : 'Math.min';
  return [replaceNode(expression, other)];
}

/** Methods that give back what they are called on, changed. */
const CHANGING =
  /^(trim|trimStart|trimEnd|toLowerCase|toUpperCase|normalize|replace|replaceAll|filter|slice|sort|toSorted|reverse|toReversed|concat|flat|padStart|padEnd|catch|finally|unref)$/;

/** Whether the result still has its type is for the compiler to say. */
function dropLink(node: ts.Node): Change[] {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  const { expression: subject, name, questionDotToken } = node.expression;
  if (questionDotToken !== undefined || isQuery(node) || isLogCall(node)) return [];
  if (!isLink(node, subject, name.text)) return [];
  const span = { start: subject.end, end: node.end };
  return [replaceSpan(span, '', `${quote(`.${name.text}(…)`)} is gone`)];
}

function isLink(node: ts.CallExpression, subject: ts.Node, name: string): boolean {
  if (CHANGING.test(name) || ts.isNewExpression(subject)) return true;
  if (ts.isCallExpression(subject))
    return !ts.isIdentifier(subject.expression) || isMethodCalled(node);
  return isMethodCalled(node) && !/^[A-Z]/.test(subject.getText());
}

function isMethodCalled(node: ts.Node): boolean {
  const access = node.parent;
  return (
    ts.isPropertyAccessExpression(access) &&
    ts.isCallExpression(access.parent) &&
    access.parent.expression === access
  );
}

/** `hash(token)` becomes `token`: whether the types allow it is for the compiler to say. */
function dropCall(node: ts.Node): Change[] {
  if (!ts.isCallExpression(node) || isStatement(node)) return [];
  const [argument, ...others] = node.arguments;
  if (argument === undefined || others.length > 0 || isQuery(node)) return [];
  if (!isConverter(node.expression) || !isConverted(argument)) return [];
  return [replaceNode(node, argument.getText())];
}

/** `f(a);` and `await f(a);` are removed as statements. */
function isStatement({ parent }: ts.Node): boolean {
  return ts.isExpressionStatement(parent) || (ts.isAwaitExpression(parent) && isStatement(parent));
}

function isConverter(callee: ts.Node): boolean {
  return ts.isIdentifier(callee) || callee.getText() === 'Math.abs';
}

function isConverted(argument: ts.Node): boolean {
  const isPlain = ts.isIdentifier(argument) || ts.isPropertyAccessExpression(argument);
  return isPlain || ts.isCallExpression(argument);
}

const SETTLED = /^(min|max|setTimeout|setInterval|on|off|once)$/;

/** An object is emptied property by property, a flag is flipped, a delay is divided. */
function dropArgument(node: ts.Node): Change[] {
  if (!ts.isCallExpression(node) || isQuery(node) || isLogCall(node)) return [];
  if (SETTLED.test(readCallee(node))) return [];
  const last = node.arguments.at(-1);
  if (last === undefined || node.arguments.length < 2) return [];
  if (ts.isObjectLiteralExpression(last) || ts.isFunctionLike(last) || isFlag(last)) return [];
  const meaning = `the argument ${quote(last.getText())} of ${quote(readCallee(node))} is gone`;
  return removeItem(node.arguments, node.arguments.length - 1, meaning);
}

/** In a condition, or under `!` in one, the condition is forced instead. */
function trustSecret(node: ts.Node): Change[] {
  if (!ts.isCallExpression(node) || readCallee(node) !== 'timingSafeEqual') return [];
  const isForced = isCondition(node) || (isNot(node.parent) && isCondition(node.parent));
  return isForced ? [] : [replaceNode(node, 'true', 'every secret is right')];
}

/** Operators that call something else, or nothing. */
export const CALLS: Operator[] = [
  {
    name: 'method-swapped',
    description: '`some` becomes `every`, `shift` becomes `pop`, `on` becomes `once`',
    family: 'calls',
    mutate: swapMethod,
  },
  {
    name: 'interval-once',
    description: '`setInterval` becomes `setTimeout`',
    family: 'calls',
    mutate: repeatOnce,
  },
  {
    name: 'limit-dropped',
    description: '`Math.min(a, b)` and `Math.max(a, b)` become `a` or `b`',
    family: 'calls',
    mutate: dropExtreme,
  },
  {
    name: 'link-dropped',
    description: '`a.trim()` becomes `a`, `a.b().c()` becomes `a.b()`',
    family: 'calls',
    mutate: dropLink,
  },
  {
    name: 'call-dropped',
    description: '`hash(token)` becomes `token`',
    family: 'calls',
    mutate: dropCall,
  },
  {
    name: 'argument-dropped',
    description: 'the last argument is gone',
    family: 'calls',
    mutate: dropArgument,
  },
  {
    name: 'secret-trusted',
    description: '`timingSafeEqual(a, b)` becomes `true`',
    family: 'calls',
    mutate: trustSecret,
  },
];
