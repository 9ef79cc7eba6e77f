import {
  drop,
  dropItem,
  findClose,
  findWords,
  hasWords,
  type Range,
  type SqlChange,
  type SqlOperator,
  type SqlText,
  shortenList,
  splitRange,
} from './statement.ts';

/** What a column of a table may promise, and how many words it takes beyond its first. */
const PROMISES = ['not null', 'unique', 'primary key', 'default', 'check', 'references'];
/** A list item of `create table` that promises something about several columns. */
const TABLE_PROMISES = ['constraint', 'unique', 'primary', 'foreign', 'check', 'exclude'];
/** Statements that a schema does without, and still applies. */
const SPARED = [
  'create policy',
  'create trigger',
  'create constraint trigger',
  'create or replace trigger',
  'create index',
  'create unique index',
  'alter table',
  'alter default',
  'grant',
  'revoke',
  'insert',
  'update',
  'delete',
];
const WORDS = [
  'security definer',
  'concurrently',
  'not valid',
  'nulls not distinct',
  'deferrable initially deferred',
  'on delete cascade',
  'on delete restrict',
  'on delete set null',
  'strict',
];

/** Changes to what a schema promises: constraints, indexes, triggers. */
export const DEFINITIONS: SqlOperator[] = [
  {
    name: 'sql-constraint-dropped',
    description: 'a constraint or default of a column or a table is gone',
    mutate: (text) => findWords(text, 'create table').flatMap((at) => dropPromises(text, at)),
  },
  {
    name: 'sql-unique-index-dropped',
    description: 'a unique index is a plain one',
    mutate: (text) =>
      findWords(text, 'create unique index').map((at) => drop(text, [at + 1, at + 2])),
  },
  {
    name: 'sql-statement-dropped',
    description: 'an index, policy, trigger, right or change of a table is gone',
    mutate: (text) =>
      listSqlStatements(text)
        .filter((range) => isSpared(text, range))
        .map((range) => drop(text, range)),
  },
  {
    name: 'sql-action-dropped',
    description:
      'one of several actions of `alter table` is gone, such as `force row level security`',
    mutate: (text) =>
      listSqlStatements(text)
        .filter(([from]) => hasWords(text.tokens, from, 'alter table'))
        .flatMap((statement) => dropActions(text, statement)),
  },
  {
    name: 'sql-word-dropped',
    description: '`security definer`, `concurrently`, `on delete cascade` and the like are gone',
    mutate: (text) =>
      WORDS.flatMap((words) =>
        findWords(text, words).map((at) => drop(text, [at, at + words.split(' ').length])),
      ),
  },
  {
    name: 'sql-key-shortened',
    description:
      '`unique (a, b)` is `unique (a)` or `unique (b)`; so for a primary key and an index',
    mutate: (text) => listKeys(text).flatMap((open) => shortenList(text, open)),
  },
];

/** The statements of a text; the semicolon belongs to none. */
export function listSqlStatements({ tokens }: SqlText): Range[] {
  return tokens.length === 0
    ? []
    : splitRange(tokens, [0, tokens.length], (index) => tokens[index]?.text === ';');
}

/** The parentheses that hold the columns of a key. */
function listKeys(text: SqlText): number[] {
  const { tokens } = text;
  const indexes = findWords(text, 'create unique index').map((at) =>
    tokens.findIndex(({ text: word }, index) => index > at && word === '('),
  );
  const constraints = ['unique (', 'primary key ('].flatMap((words) =>
    findWords(text, words).map((at) => at + words.split(' ').length - 1),
  );
  return [...indexes, ...constraints].filter((at) => at >= 0);
}

function dropActions(text: SqlText, [from, to]: Range): SqlChange[] {
  const { tokens } = text;
  const actions = splitRange(tokens, [from + 3, to], (index) => tokens[index]?.text === ',');
  return actions.length > 1 ? actions.map((_, index) => dropItem(text, actions, index)) : [];
}

function isSpared({ tokens }: SqlText, [from]: Range): boolean {
  return SPARED.some((words) => hasWords(tokens, from, words));
}

function dropPromises(text: SqlText, at: number): SqlChange[] {
  const { tokens } = text;
  const open = tokens.findIndex((token, index) => index > at && token.text === '(');
  if (open < 0) return [];
  const items = splitRange(
    tokens,
    [open + 1, findClose(tokens, open)],
    (index) => tokens[index]?.text === ',',
  );
  return items.flatMap((item, index) =>
    TABLE_PROMISES.includes(tokens[item[0]]?.text ?? '')
      ? [dropItem(text, items, index)]
      : dropColumnPromises(text, item),
  );
}

function dropColumnPromises(text: SqlText, [from, to]: Range): SqlChange[] {
  const { tokens } = text;
  const depth = tokens[from]?.depth;
  const starts = [...tokens.keys()].filter(
    (index) =>
      index > from + 1 &&
      index < to &&
      tokens[index]?.depth === depth &&
      PROMISES.some((words) => hasWords(tokens, index, words)),
  );
  return starts.map((start, index) => {
    const isNamed = tokens[start - 2]?.text === 'constraint';
    const next = starts[index + 1] ?? to;
    const end = tokens[next - 2]?.text === 'constraint' && next < to ? next - 2 : next;
    return drop(text, [isNamed ? start - 2 : start, end]);
  });
}
