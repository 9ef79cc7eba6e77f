import fc from 'fast-check';
import type { Code, Nodes } from 'mdast';
import { remark } from 'remark';
import remarkGfm from 'remark-gfm';
import { visit } from 'unist-util-visit';
import { describe, expect, it } from 'vitest';
import { scanPage } from './fences.ts';

const parser = remark().use(remarkGfm);

/** An empty item after a lazy paragraph: the tree does not read it as CommonMark has it. */
const EMPTY_ITEM = /(?<![-*])(?:[-*]|1\.)[ \t]*$/;

type Found = {
  fences: { line: number; column: number; lang: string; end: number }[];
  indented: number[];
};

/** What the syntax tree says of fences and of indented code, in the words of the scanner. */
function readWithTree(text: string): Found {
  const found: Found = { fences: [], indented: [] };
  visit(parser.parse(text) as Nodes, 'code', ({ position, lang }: Code) => {
    const { start, end } = position ?? { start: { line: 0, column: 0 }, end: { line: 0 } };
    if (/^(```|~~~)/.test(text.slice(position?.start.offset))) {
      found.fences.push({ ...pick(start), lang: lang ?? '', end: end.line });
      return;
    }
    // Only the first: the tree splits a run where spaces follow tabs, the scanner does not.
    if (found.indented.length === 0) found.indented.push(start.line);
  });
  return found;
}

const pick = ({ line, column }: { line: number; column: number }) => ({ line, column });

/** The same from the scanner; the last line of a fence that nothing closes is taken from the tree. */
function readWithScanner(text: string, tree: Found): Found {
  const { fences, indented } = scanPage(text);
  return {
    fences: fences.map(({ line, column, info, closed, end }, index) => {
      const last = closed ? text.slice(0, end).split('\n').length : tree.fences[index]?.end;
      return { line, column, lang: info.lang, end: last ?? 0 };
    }),
    indented: indented.slice(0, 1).map(({ line }) => line),
  };
}

describe('scanPage', () => {
  const pieces = [
    '```ts',
    '```',
    '````',
    '~~~',
    '~~~ sql',
    '```sh x',
    '    ',
    '  ',
    '\t',
    '> ',
    '>',
    '- ',
    '-   ',
    '* ',
    '1. ',
    'text',
    '# heading',
    '## two',
    '---',
    '===',
    '***',
    '<!-- note',
    '-->',
    '<!-- a -->',
    '<pre>',
    'x</pre>',
    '<div>',
    '`code`',
    '```a`b',
    '|a|b|',
    '',
  ];
  const line = fc
    .array(fc.constantFrom(...pieces), { maxLength: 4 })
    .map((parts) => parts.join('').replace(EMPTY_ITEM, '$&x'));
  const page = fc.array(line, { maxLength: 9 }).map((lines) => ['start', '', ...lines].join('\n'));

  it('finds the fences and the indented code that a syntax tree finds', () => {
    fc.assert(
      fc.property(page, (text) => {
        const tree = readWithTree(text);
        expect(readWithScanner(text, tree)).toEqual(tree);
      }),
      { numRuns: 1000 },
    );
  });
});
