import { expect, it } from 'vitest';
import { countShownLines } from './count-shown-lines.ts';
import type { Evidence } from './evidence.ts';

const evidence: Evidence = {
  sources: new Map([
    ['add.ts', '// #region add\n/** Adds. */\nreturn a + b;\n// #endregion add\nreturn 0;\n'],
    ['schema.sql', 'create table a (b int);\n'],
  ]),
  proof: {
    key: '',
    versions: {},
    tests: ['adds'],
    failures: [],
    files: {
      'add.ts': { kind: 'executed', lines: { '3-5': '0' } },
      'schema.sql': { kind: 'applied', tests: '0' },
    },
    unproven: {},
    outputs: {},
  },
  isFresh: true,
};
const body = `
\`\`\`ts source="add.ts#add"
\`\`\`

- \`\`\`text
  source="not-a-fence.ts"
  \`\`\`

\`\`\`sql source="schema.sql"
\`\`\`
`;

it('counts what the page shows, and of each line how it is proven', () => {
  const none = { executed: 0, applied: 0, loaded: 0, declared: 0 };
  expect(countShownLines(evidence, body)).toEqual({
    ...none,
    executed: 1,
    applied: 1,
    declared: 1,
  });
  expect(countShownLines({ ...evidence, isFresh: false }, body)).toEqual(none);
});
