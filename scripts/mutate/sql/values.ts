import type { SqlToken } from './scan-sql.ts';
import {
  findClose,
  hasWords,
  quoteSql,
  type Range,
  replace,
  type SqlChange,
  type SqlOperator,
  type SqlText,
  splitRange,
  textOf,
} from './statement.ts';

const SIGNS: Record<string, string> = { '+': '-', '-': '+', '*': '/', '/': '*' };
const FUNCTIONS: Record<string, string> = {
  greatest: 'least',
  least: 'greatest',
  min: 'max',
  max: 'min',
  bool_and: 'bool_or',
  bool_or: 'bool_and',
  ceil: 'floor',
  floor: 'ceil',
};
const TYPES_WITH_SIZE = new Set([
  'numeric',
  'decimal',
  'varchar',
  'varying',
  'char',
  'bit',
  'timestamp',
  'timestamptz',
  'time',
  'vector',
]);
const DURATION =
  /^'(-?)(\d+)(\s?(?:ms|s|min|h|d|us|microseconds?|milliseconds?|seconds?|minutes?|hours?|days?|weeks?|months?|years?))'$/;

/** Changes to values: functions, constants, signs. */
export const VALUES: SqlOperator[] = [
  {
    name: 'sql-first-argument',
    description: '`coalesce` and `nullif` are their first argument',
    mutate: (text) => ['coalesce', 'nullif'].flatMap((name) => takeFirst(text, name)),
  },
  {
    name: 'sql-function-swapped',
    description: '`min` and `max`, `greatest` and `least`, and other pairs are swapped',
    mutate: (text) =>
      eachToken(text, (token, index) => {
        const other = FUNCTIONS[token.text];
        return other && text.tokens[index + 1]?.text === '(' ? other : undefined;
      }),
  },
  {
    name: 'sql-sign-swapped',
    description: '`+` and `-`, `*` and `/` are swapped',
    mutate: (text) => eachToken(text, (token) => SIGNS[token.text]),
  },
  {
    name: 'sql-number-nudged',
    description: 'a number below ten is one more, a greater one ten times as great',
    mutate: (text) =>
      eachToken(text, (token, index) =>
        token.kind === 'number' && !isSize(text.tokens, index) ? nudge(token.text) : undefined,
      ),
  },
  {
    name: 'sql-duration-nudged',
    description: 'an interval or a time limit is ten times as long',
    mutate: (text) =>
      eachToken(text, (token) => {
        const [, sign, digits, unit] = DURATION.exec(token.text) ?? [];
        return digits === undefined
          ? undefined
          : `'${sign}${digits === '0' ? '1' : `${digits}0`}${unit}'`;
      }),
  },
  {
    name: 'sql-boolean-flipped',
    description: '`true` and `false` are swapped',
    mutate: (text) =>
      eachToken(text, ({ text: word }) =>
        word === 'true' ? 'false' : word === 'false' ? 'true' : undefined,
      ),
  },
  {
    name: 'sql-string-changed',
    description: 'a text that is compared or assigned is another',
    mutate: (text) =>
      eachToken(text, (token, index) => {
        const isAsked = ['=', '<>', '!='].includes(text.tokens[index - 1]?.text ?? '');
        const isPlain = token.kind === 'string' && /^'[\w .:-]*'$/.test(token.text);
        return isAsked && isPlain && !DURATION.test(token.text)
          ? `${token.text.slice(0, -1)}_'`
          : undefined;
      }),
  },
];

/** A token that stands for what is put in later is no text to change. */
function eachToken(
  text: SqlText,
  change: (token: SqlToken, index: number) => string | undefined,
): SqlChange[] {
  return text.tokens.flatMap((token, index) => {
    const isOwn =
      text.source.slice(token.start, token.end).toLowerCase() === token.text.toLowerCase();
    const replacement = isOwn ? change(token, index) : undefined;
    return replacement === undefined ? [] : [replace(text, [index, index + 1], replacement)];
  });
}

/** `coalesce(a, b)` is `a`; where `b` was a parameter's only use, the statement is left alone. */
function takeFirst(text: SqlText, name: string): SqlChange[] {
  const { tokens } = text;
  return [...tokens.keys()].flatMap((at) => {
    if (!hasWords(tokens, at, `${name} (`)) return [];
    const close = findClose(tokens, at + 1);
    const inside: Range = [at + 2, close];
    const [first] = splitRange(tokens, inside, (index) => tokens[index]?.text === ',');
    if (!first) return [];
    const replacement = textOf(text, first);
    const meaning = `${quoteSql(textOf(text, [at, close + 1]))} became ${quoteSql(replacement)}`;
    return [{ start: tokens[at]?.start ?? 0, end: tokens[close]?.end ?? 0, replacement, meaning }];
  });
}

/** `varchar(20)`, `numeric(10, 2)`: part of a type, and never a rule. */
function isSize(tokens: SqlToken[], index: number): boolean {
  const open = tokens.slice(0, index).findLastIndex(({ text }) => text === '(');
  return open > 0 && index - open <= 3 && TYPES_WITH_SIZE.has(tokens[open - 1]?.text ?? '');
}

function nudge(digits: string): string {
  const value = Number(digits);
  return Number.isInteger(value) && value < 10 ? `${value + 1}` : `${value * 10}`;
}
