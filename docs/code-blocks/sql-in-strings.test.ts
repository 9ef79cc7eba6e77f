import { createHighlighter } from 'shiki';
import { expect, it } from 'vitest';
import { codeThemes } from './code-themes.ts';
import { codeLanguages } from './sql-in-strings.ts';

const [, light] = codeThemes;

it('colours the SQL of a template string, and nothing of another', async () => {
  const tokens = await colour(
    'await pool.query(`select id from jobs where id = $1`);\nlog(`select`d`);',
  );

  expect(tokens.get('select')).toBe(tokens.get('await'));
  expect(tokens.get('$1')).not.toBe(tokens.get('select'));
  expect(await colour('log(`the jobs from where`)')).not.toContain('from');
});

it('colours TypeScript again after the string, and inside of a hole in it', async () => {
  const tokens = await colour(`await ask(\`delete from jobs where \${ofKind(kind)}\`, [true]);`);

  expect(tokens.get('true')).toBe(tokens.get('await'));
  expect([...tokens.keys()]).toContain('ofKind');
});

/** The colour of each piece of code, in upper case. */
async function colour(code: string): Promise<Map<string, string | undefined>> {
  const highlighter = await createHighlighter({
    langs: codeLanguages,
    themes: light ? [light] : [],
  });
  const { tokens } = highlighter.codeToTokens(code, {
    lang: 'typescript',
    theme: 'touchstone-light',
    tokenizeTimeLimit: 0, // else a busy machine leaves the end of a line without colour
  });
  return new Map(tokens.flat().map(({ content, color }) => [content.trim(), color]));
}
