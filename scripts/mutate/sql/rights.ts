import { listSqlStatements } from './definitions.ts';
import {
  drop,
  findClose,
  findWords,
  hasWords,
  isInPolicy,
  type Range,
  replace,
  type SqlChange,
  type SqlOperator,
  type SqlText,
} from './statement.ts';

const COMMANDS = ['for select', 'for insert', 'for update', 'for delete'];

/** Changes to who may do what: policies, grants, and whose rights a function or a view has. */
export const RIGHTS: SqlOperator[] = [
  {
    name: 'sql-policy-loosened',
    description: 'a policy is permissive, for all commands or all roles, or checks no new row',
    mutate: (text) => [
      ...findWords(text, 'as restrictive').map((at) =>
        replace(text, [at, at + 2], 'as permissive'),
      ),
      ...findWords(text, 'with check (').map((at) =>
        drop(text, [at, findClose(text.tokens, at + 2) + 1]),
      ),
      ...COMMANDS.flatMap((words) => dropInPolicies(text, words)),
      ...dropInPolicies(text, 'to'),
    ],
  },
  {
    name: 'sql-grant-widened',
    description: '`grant select` becomes `grant all`',
    mutate: (text) =>
      listSqlStatements(text)
        .filter(([from]) => hasWords(text.tokens, from, 'grant'))
        .flatMap((statement) => widenGrant(text, statement)),
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
  {
    name: 'sql-view-option-dropped',
    description: 'a view has the rights of its owner, without `security_invoker`',
    mutate: (text) =>
      findWords(text, 'with (')
        .filter((at) => /^security_/.test(text.tokens[at + 2]?.text ?? ''))
        .map((at) => drop(text, [at, findClose(text.tokens, at + 1) + 1])),
  },
];

function dropInPolicies(text: SqlText, words: string): SqlChange[] {
  return findWords(text, words)
    .filter((at) => isInPolicy(text.tokens, at) && text.tokens[at]?.depth === 0)
    .map((at) => drop(text, [at, at + 2]));
}

/** To execute is all that can be done with a function. */
function widenGrant(text: SqlText, [from, to]: Range): SqlChange[] {
  const on = text.tokens.findIndex(
    (token, index) => index > from && index < to && token.text === 'on' && token.depth === 0,
  );
  const isAll = ['all', 'execute'].includes(text.tokens[from + 1]?.text ?? '');
  return on < 0 || isAll ? [] : [replace(text, [from + 1, on], 'all')];
}
