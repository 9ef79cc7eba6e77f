import {
  dropItem,
  findClauseEnd,
  findWords,
  quoteSql,
  type Range,
  type SqlChange,
  type SqlOperator,
  type SqlText,
  spanOf,
  splitRange,
  textOf,
} from './statement.ts';

/** Changes to what an update writes. */
export const ASSIGNMENTS: SqlOperator[] = [
  {
    name: 'sql-assignment-dropped',
    description: 'a column that `set` assigns keeps its value',
    mutate: (text) => findWords(text, 'set').flatMap((at) => dropAssignments(text, at)),
  },
];

function dropAssignments(text: SqlText, at: number): SqlChange[] {
  const { tokens } = text;
  const target = findTarget(text, at);
  if (tokens[at + 2]?.text !== '=' || target === undefined) return [];
  const range: Range = [at + 1, findClauseEnd(tokens, at + 1)];
  const items = splitRange(tokens, range, (index) => tokens[index]?.text === ',');
  return items.map((item, index) =>
    items.length === 1 || hasParameter(text, item)
      ? keepValue(text, item, target)
      : dropItem(text, items, index),
  );
}

/** The name that the old row has in `update … set`, and in `insert … on conflict … do update set`. */
function findTarget(text: SqlText, at: number): string | undefined {
  const { tokens } = text;
  const depth = tokens[at]?.depth;
  const findLast = (word: string) =>
    tokens.findLastIndex((one, index) => index < at && one.depth === depth && one.text === word);
  const update = findLast('update');
  if (update < 0 || update < findLast(';')) return undefined;
  if (update < at - 1) return textOf(text, [at - 1, at]);
  let name = findLast('into') + 1;
  while (tokens[name + 1]?.text === '.') name += 2;
  if (tokens[name + 1]?.text === 'as') name += 2;
  return textOf(text, [name, name + 1]);
}

function hasParameter({ tokens }: SqlText, range: Range): boolean {
  return tokens.slice(...range).some(({ kind }) => kind === 'parameter');
}

/** A parameter stays, where no value comes from: Postgres must still learn its type. */
function keepValue(text: SqlText, item: Range, target: string): SqlChange {
  const value: Range = [item[0] + 2, item[1]];
  const old = `${target}.${textOf(text, [item[0], item[0] + 1])}`;
  const replacement = hasParameter(text, item)
    ? `case when true then ${old} else ${textOf(text, value)} end`
    : old;
  const meaning = `${quoteSql(textOf(text, item))} is gone`;
  return { ...spanOf(text.tokens, value), replacement, meaning };
}
