import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { checkTypes } from './check-types.ts';

function writeSources(sources: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'types-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(sources)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

it('checks what is in the folders as strictly as all the rest, and nothing beside them', async () => {
  const folder = writeSources({
    'one/strict.ts': 'export const first = (list: string[]): string => list[0];\n',
    'one/fine.ts': "import { join } from 'node:path';\nexport const path = join('a', 'b');\n",
    'two/other.ts': 'export const number: number = "one";\n',
  });

  const result = await checkTypes({ paths: [join(folder, 'one')], folder }, () => {});

  expect(result.failed).toBe(1);
  expect(result.output).toContain("'string | undefined' is not assignable to type 'string'");
  expect(result.output).not.toMatch(/fine\.ts|other\.ts/);
});

it('passes what has no fault', async () => {
  const folder = writeSources({ 'one/fine.ts': 'export const number: number = 1;\n' });
  expect(await checkTypes({ paths: [join(folder, 'one')], folder }, () => {})).toMatchObject({
    passed: 1,
    failed: 0,
  });
});
