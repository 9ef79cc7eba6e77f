import {
  drop,
  dropItem,
  findClauseEnd,
  findClose,
  findWords,
  hasWords,
  isInPolicy,
  quoteSql,
  type Range,
  replace,
  type SqlChange,
  type SqlOperator,
  type SqlText,
  spanOf,
  splitRange,
  textOf,
} from './statement.ts';

/** Changes to whole clauses: locks, order, limits, conflicts, joins. */
export const CLAUSES: SqlOperator[] = [
  {
    name: 'sql-lock-dropped',
    description: '`for update`, `skip locked`, `nowait` and the like are gone',
    mutate: dropLocks,
  },
  {
    name: 'sql-distinct-dropped',
    description: '`distinct` is gone',
    mutate: (text) =>
      findWords(text, 'distinct').map((at) => {
        const isOn = hasWords(text.tokens, at, 'distinct on (');
        return drop(text, [at, isOn ? findClose(text.tokens, at + 2) + 1 : at + 1]);
      }),
  },
  {
    name: 'sql-limit-dropped',
    description: '`limit` and `offset` count no rows',
    mutate: (text) => [
      ...findWords(text, 'limit').map((at) => unbind(text, at, 'null')),
      ...findWords(text, 'offset').map((at) => unbind(text, at, '0')),
    ],
  },
  {
    name: 'sql-order-changed',
    description:
      '`order by` or one of its keys is gone, a key is reversed, or its nulls are at the other end',
    mutate: (text) => findWords(text, 'order by').flatMap((at) => changeOrder(text, at)),
  },
  {
    name: 'sql-conflict-changed',
    description: '`on conflict` is gone, or does nothing instead of updating',
    mutate: (text) => findWords(text, 'on conflict').flatMap((at) => changeConflict(text, at)),
  },
  {
    name: 'sql-join-changed',
    description: '`left join` and `join` are swapped',
    mutate: changeJoins,
  },
  {
    name: 'sql-union-changed',
    description: '`union` and `union all` are swapped',
    mutate: (text) =>
      findWords(text, 'union').map((at) =>
        hasWords(text.tokens, at, 'union all')
          ? replace(text, [at, at + 2], 'union')
          : replace(text, [at, at + 1], 'union all'),
      ),
  },
  {
    name: 'sql-row-dropped',
    description: 'one of several rows of `values` is gone',
    mutate: (text) => findWords(text, 'values (').flatMap((at) => dropRows(text, at)),
  },
  {
    name: 'sql-notify-dropped',
    description: '`pg_notify` tells nobody',
    mutate: (text) =>
      findWords(text, 'pg_notify (').map((at) =>
        replace(text, [at, findClose(text.tokens, at + 1) + 1], 'null'),
      ),
  },
];

function dropLocks(text: SqlText): SqlChange[] {
  const { tokens } = text;
  const strengths = ['for update', 'for no key update', 'for share', 'for key share'];
  const locks = strengths.flatMap((words) =>
    findWords(text, words).flatMap((at) => {
      // `create policy … for update` says for which commands it is.
      if (isInPolicy(tokens, at)) return [];
      let end = at + words.split(' ').length;
      if (tokens[end]?.text === 'of') end += 2;
      if (hasWords(tokens, end, 'skip locked')) end += 2;
      else if (tokens[end]?.text === 'nowait') end += 1;
      return [drop(text, [at, end])];
    }),
  );
  const waits = ['skip locked', 'nowait'].flatMap((words) =>
    findWords(text, words).map((at) => drop(text, [at, at + words.split(' ').length])),
  );
  return [...locks, ...waits];
}

/** The value stays where a parameter needs its type told. */
function unbind(text: SqlText, at: number, neutral: string): SqlChange {
  const range: Range = [at + 1, findClauseEnd(text.tokens, at + 1)];
  const value = textOf(text, range);
  const replacement = neutral === 'null' ? `(null::bigint + ${value})` : `(0 * ${value})`;
  const meaning = `${quoteSql(textOf(text, [at, range[1]]))} does nothing`;
  return { ...spanOf(text.tokens, range), replacement, meaning };
}

function changeOrder(text: SqlText, at: number): SqlChange[] {
  const { tokens } = text;
  const range: Range = [at + 2, findClauseEnd(tokens, at + 2)];
  const keys = splitRange(tokens, range, (index) => tokens[index]?.text === ',');
  const one = keys.length > 1 ? keys.map((_, index) => dropItem(text, keys, index)) : [];
  return [
    drop(text, [at, range[1]]),
    ...keys.flatMap((key) => [reverse(text, key), ...moveNulls(text, key)]),
    ...one,
  ];
}

function reverse(text: SqlText, [from, to]: Range): SqlChange {
  const { tokens } = text;
  const at = tokens
    .slice(from, to)
    .findIndex(({ text: word }) => word === 'desc' || word === 'asc');
  const nulls = tokens.slice(from, to).findIndex(({ text: word }) => word === 'nulls');
  if (at >= 0)
    return replace(
      text,
      [from + at, from + at + 1],
      tokens[from + at]?.text === 'desc' ? 'asc' : 'desc',
    );
  const end = tokens[(nulls >= 0 ? from + nulls : to) - 1]?.end ?? 0;
  const meaning = `the order by ${quoteSql(textOf(text, [from, to]))} is reversed`;
  return { start: end, end, replacement: ' desc', meaning };
}

function moveNulls(text: SqlText, [from, to]: Range): SqlChange[] {
  const nulls = findWords(text, 'nulls').find((at) => at >= from && at < to);
  if (nulls === undefined) return [];
  const isFirst = text.tokens[nulls + 1]?.text === 'first';
  return [replace(text, [nulls, nulls + 2], isFirst ? 'nulls last' : 'nulls first')];
}

function changeConflict(text: SqlText, at: number): SqlChange[] {
  const { tokens } = text;
  const action = tokens.findIndex((_, index) => index > at && tokens[index]?.text === 'do');
  if (action < 0) return [];
  if (tokens[action + 1]?.text === 'nothing') return [drop(text, [at, action + 2])];
  const set = action + 2;
  const where = findClauseEnd(tokens, set + 1);
  const end = tokens[where]?.text === 'where' ? findClauseEnd(tokens, where + 1) : where;
  return [replace(text, [action, end], 'do nothing')];
}

function changeJoins(text: SqlText): SqlChange[] {
  const { tokens } = text;
  return findWords(text, 'join').map((at) => {
    const isOuter = tokens[at - 1]?.text === 'outer';
    const side = isOuter ? at - 2 : at - 1;
    if (tokens[side]?.text === 'left') return replace(text, [side, at + 1], 'join');
    const from = tokens[at - 1]?.text === 'inner' ? at - 1 : at;
    return replace(text, [from, at + 1], 'left join');
  });
}

function dropRows(text: SqlText, at: number): SqlChange[] {
  const { tokens } = text;
  const rows: Range[] = [];
  for (let open = at + 1; tokens[open]?.text === '('; ) {
    const close = findClose(tokens, open);
    rows.push([open, close + 1]);
    open = tokens[close + 1]?.text === ',' ? close + 2 : tokens.length;
  }
  return rows.length > 1 ? rows.map((_, index) => dropItem(text, rows, index)) : [];
}
