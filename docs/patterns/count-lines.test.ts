import { expect, it } from 'vitest';
import { countLines } from './count-lines.ts';

const sources = new Map([
  [
    'queue.ts',
    "import { wait } from './wait.ts';\n\n// #region take\nwait();\n// #endregion take\n",
  ],
  ['wait.ts', 'export function wait() {}\n'],
  ['schema.sql', '-- #region jobs\ncreate table jobs ();\n-- #endregion jobs\n'],
  ['app.ts', 'listen();\n'],
]);

it('counts the lines of what is copied: the files that the page names, and what they import', () => {
  const count = (...files: string[]) => countLines({ evidence: { sources }, data: { files } });
  expect(count('queue.ts')).toBe(3);
  expect(count('queue.ts', 'schema.sql')).toBe(4);
  expect(count()).toBe(0);
});
