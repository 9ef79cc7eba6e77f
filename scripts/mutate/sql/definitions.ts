import {
  drop,
  findClose,
  findWords,
  hasWords,
  type Range,
  replace,
  type SqlChange,
  type SqlOperator,
  type SqlText,
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

/** Changes to what a schema promises: constraints, indexes, policies, rights. */
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
      listStatements(text)
        .filter((range) => isSpared(text, range))
        .map((range) => drop(text, range)),
  },
  {
    name: 'sql-action-dropped',
    description:
      'one of several actions of `alter table` is gone, such as `force row level security`',
    mutate: (text) =>
      listStatements(text)
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
    name: 'sql-policy-loosened',
    description: 'a policy is permissive, or checks nothing that is written',
    mutate: (text) => [
      ...findWords(text, 'as restrictive').map((at) =>
        replace(text, [at, at + 2], 'as permissive'),
      ),
      ...findWords(text, 'with check (').map((at) =>
        drop(text, [at, findClose(text.tokens, at + 2) + 1]),
      ),
    ],
  },
  {
    name: 'sql-search-path-dropped',
    description: 'a function takes the search path of its caller',
    mutate: (text) =>
      findWords(text, 'set search_path').flatMap((at) => {
        const end = text.tokens.findIndex(
          ({ text: word }, index) =>
            index > at && ['as', ';', 'language', 'begin', 'return'].includes(word),
        );
        return end > at ? [drop(text, [at, end])] : [];
      }),
  },
];

/** The statements of a text; the semicolon belongs to none. */
export function listStatements({ tokens }: SqlText): Range[] {
  return tokens.length === 0
    ? []
    : splitRange(tokens, [0, tokens.length], (index) => tokens[index]?.text === ';');
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

function dropItem(text: SqlText, items: Range[], index: number): SqlChange {
  const [from, to] = items[index] ?? [0, 0];
  return drop(text, index === items.length - 1 ? [from - 1, to] : [from, to + 1]);
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
