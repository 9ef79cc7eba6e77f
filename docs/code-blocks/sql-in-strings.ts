import { bundledLanguages } from 'shiki/langs';

const WORDS =
  'select|insert|into|update|delete|with|recursive|as|from|where|and|or|not|in|is|null|any|all|array|exists|join|left|right|full|inner|cross|lateral|on|using|conflict|do|nothing|set|values|returning|order|group|by|having|limit|offset|asc|desc|distinct|union|case|when|then|else|end|for|share|skip|locked|nowait|key|no|create|alter|drop|table|index|unique|primary|references|constraint|check|default|add|column|begin|commit|rollback|isolation|level|serializable|local|to|cascade|interval|between|like|ilike|coalesce|filter|over|partition|window|materialized|temporary|if|only|true|false';

const FIRST_WORDS =
  'select|insert|update|delete|with|create|alter|drop|set|lock|begin|truncate|grant|notify|listen|copy|merge|call|explain|vacuum|analyze|reindex|comment';

/** Colours the SQL of template strings: one is SQL when a statement begins it. A grammar of TextMate that is injected into TypeScript. */
const sqlInStrings = {
  name: 'sql-in-strings',
  scopeName: 'source.sql-in-strings',
  injectTo: ['source.ts'],
  injectionSelector: 'L:source.ts -comment -string',
  patterns: [
    {
      begin: `\`(?=\\s*(?:${FIRST_WORDS})\\b)`,
      end: '`',
      beginCaptures: { 0: { name: 'string' } },
      endCaptures: { 0: { name: 'string' } },
      name: 'meta.embedded.sql',
      patterns: [
        {
          begin: '\\$\\{',
          end: '\\}',
          name: 'meta.embedded.ts',
          patterns: [{ include: 'source.ts' }],
        },
        { match: '--.*$', name: 'comment.line.sql' },
        { match: "'(?:[^'`]|'')*'", name: 'string.quoted.single.sql' },
        { match: '\\$\\d+', name: 'constant.numeric.parameter.sql' },
        { match: '\\b\\d+(?:\\.\\d+)?\\b', name: 'constant.numeric.sql' },
        { match: `(?i)\\b(?:${WORDS})\\b`, name: 'keyword.other.sql' },
        { match: '\\b[a-z_]+(?=\\()', name: 'support.function.sql' },
      ],
    },
  ],
  repository: {},
};

/** The languages that are loaded before any code is seen: only one that is loaded together with TypeScript is injected into it. */
export const codeLanguages = [sqlInStrings, bundledLanguages.typescript];
