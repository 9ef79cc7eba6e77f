import { isBetween, listConditions } from './condition-places.ts';
import {
  findClose,
  findWords,
  hasWords,
  quoteSql,
  type Range,
  replace,
  type SqlChange,
  type SqlOperator,
  type SqlText,
  shortenList,
  spanOf,
  splitRange,
  textOf,
} from './statement.ts';

const BOUNDARIES: Record<string, string> = { '<': '<=', '<=': '<', '>': '>=', '>=': '>' };

/** Changes to `where`, `on`, `having`, `check`, `using`, `if`: the parts that decide what counts. */
export const SQL_CONDITIONS: SqlOperator[] = [
  {
    name: 'sql-condition-dropped',
    description: 'a condition, or one part of it that `and` or `or` joins, decides nothing',
    mutate: (text) => listConditions(text).flatMap((range) => dropParts(text, range)),
  },
  {
    name: 'sql-comparison-boundary',
    description: '`<` and `<=`, `>` and `>=` are swapped',
    mutate: ({ tokens }) =>
      tokens.flatMap(({ text, start, end }) => {
        const other = BOUNDARIES[text];
        return other
          ? [
              {
                start,
                end,
                replacement: other,
                meaning: `${quoteSql(text)} became ${quoteSql(other)}`,
              },
            ]
          : [];
      }),
  },
  {
    name: 'sql-null-test-negated',
    description: '`is null` and `is not null` are swapped',
    mutate: ({ tokens }) =>
      tokens.flatMap(({ text, start }, index) => {
        if (text !== 'is') return [];
        const isNot = hasWords(tokens, index, 'is not null');
        if (!isNot && !hasWords(tokens, index, 'is null')) return [];
        const end = tokens[index + (isNot ? 2 : 1)]?.end ?? start;
        const [was, replacement] = isNot ? ['is not null', 'is null'] : ['is null', 'is not null'];
        return [
          { start, end, replacement, meaning: `${quoteSql(was)} became ${quoteSql(replacement)}` },
        ];
      }),
  },
  {
    name: 'sql-null-safety-dropped',
    description: '`is distinct from` is `<>`, and `is not distinct from` is `=`',
    mutate: (text) => [
      ...findWords(text, 'is distinct from').map((at) => replace(text, [at, at + 3], '<>')),
      ...findWords(text, 'is not distinct from').map((at) => replace(text, [at, at + 4], '=')),
    ],
  },
  {
    name: 'sql-exists-negated',
    description: '`exists` and `not exists` are swapped',
    mutate: ({ tokens }) =>
      tokens.flatMap(({ text, start, end }, index) => {
        if (text !== 'exists' || tokens[index + 1]?.text !== '(') return [];
        const before = tokens[index - 1];
        if (before?.text !== 'not')
          return [
            { start, end, replacement: 'not exists', meaning: '`exists` became `not exists`' },
          ];
        const meaning = '`not exists` became `exists`';
        return [{ start: before.start, end, replacement: 'exists', meaning }];
      }),
  },
  {
    name: 'sql-any-swapped',
    description: '`any` becomes `all`',
    mutate: ({ tokens }) =>
      tokens.flatMap(({ text, start, end }, index) =>
        text === 'any' && tokens[index + 1]?.text === '('
          ? [{ start, end, replacement: 'all', meaning: '`any` became `all`' }]
          : [],
      ),
  },
  {
    name: 'sql-list-shortened',
    description: '`in (a, b)` is `in (a)` or `in (b)`',
    mutate: (text) => findWords(text, 'in (').flatMap((at) => shortenList(text, at + 1)),
  },
];

function dropParts(text: SqlText, range: Range): SqlChange[] {
  const { tokens } = text;
  const inner = unwrap(text, range);
  const alternatives = splitRange(tokens, inner, (index) => tokens[index]?.text === 'or');
  if (alternatives.length > 1)
    return alternatives.flatMap((part) => [
      neutralise(text, part, 'or'),
      ...dropDeeper(text, part),
    ]);
  const parts = splitRange(
    tokens,
    inner,
    (index) => tokens[index]?.text === 'and' && !isBetween(tokens, index),
  );
  // A check of one part is dropped as a whole, with its constraint; a policy without one checks `using`.
  const isWhole = parts.length === 1 && tokens[range[0] - 2]?.text === 'check';
  if (isWhole && tokens[range[0] - 3]?.text !== 'with') return [];
  return parts.flatMap((part) => [neutralise(text, part, 'and'), ...dropDeeper(text, part)]);
}

function dropDeeper(text: SqlText, part: Range): SqlChange[] {
  const { tokens } = text;
  const inner = unwrap(text, part);
  const joins = (index: number) =>
    ['and', 'or'].includes(tokens[index]?.text ?? '') && !isBetween(tokens, index);
  return splitRange(tokens, inner, joins).length > 1 ? dropParts(text, inner) : [];
}

/** A range in parentheses is what they hold. */
function unwrap({ tokens }: SqlText, [from, to]: Range): Range {
  const isWrapped = tokens[from]?.text === '(' && findClose(tokens, from) === to - 1;
  return isWrapped ? [from + 1, to - 1] : [from, to];
}

/** With a parameter it stays, and decides nothing: Postgres must still learn the parameter's type. */
function neutralise(text: SqlText, part: Range, joint: 'and' | 'or'): SqlChange {
  const { tokens } = text;
  const condition = textOf(text, part);
  const neutral = joint === 'and' ? 'true' : 'false';
  const hasParameter = tokens.slice(...part).some(({ kind }) => kind === 'parameter');
  const replacement = hasParameter
    ? `(${condition} ${joint === 'and' ? 'or' : 'and'} ${neutral})`
    : neutral;
  return {
    ...spanOf(tokens, part),
    replacement,
    meaning: `the condition ${quoteSql(condition)} is gone`,
  };
}
