import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { ROOT } from '../files/root.ts';

/** What compares values: in there, a regular expression is a value, or for `toMatchObject` nothing at all. */
const COMPARING = new Set(['toEqual', 'toStrictEqual', 'toMatchObject', 'toContainEqual']);

const FILES = '{agents,docs,examples,scripts}/**/{*.test.ts,test-*.ts}';

it('compares no value with a regular expression: toMatchObject accepts anything then', () => {
  const exclude = (path: string) => /node_modules|dist/.test(path);
  const files = globSync(FILES, { cwd: ROOT, exclude });
  expect(files.length).toBeGreaterThan(200);
  expect(
    files.flatMap((file) => findCompared(file, readFileSync(join(ROOT, file), 'utf8'))),
  ).toEqual([]);
});

it('finds one at any depth, and not the one that is given to a matcher', () => {
  const text = `const e = [/a/]; expect(a).toMatchObject([{ b: /c/ }]);
    expect(a).toEqual([expect.stringMatching(/d/)]); expect(a).toMatch(/e/);`;
  expect(findCompared('a.ts', text)).toEqual(['a.ts: /c/']);
});

function findCompared(file: string, text: string): string[] {
  const found: string[] = [];
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true), false);
  return found;

  function visit(node: ts.Node, isCompared: boolean): void {
    if (isCompared && ts.isRegularExpressionLiteral(node)) found.push(`${file}: ${node.text}`);
    const isInside = ts.isCallExpression(node) ? isComparing(node) : isCompared;
    ts.forEachChild(node, (child) => visit(child, isInside));
  }
}

const isComparing = ({ expression }: ts.CallExpression): boolean =>
  ts.isPropertyAccessExpression(expression) && COMPARING.has(expression.name.text);
