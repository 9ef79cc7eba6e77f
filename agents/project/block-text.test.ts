import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { insertBlock, removeBlock } from './block-text.ts';

const block = (version: string) =>
  `<!-- touchstone:start v=${version} -->\n\n## Patterns ${version}\n\n- a: b\n<!-- touchstone:end -->\n`;

/** Any text, and often one with lines, in the manner of Unix, of Windows, of both or of neither. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('# Title', '', 'words', '@AGENTS.md', '\r', '\n', '\r\n', '\uFEFF', ' '))
    .map((parts) => parts.join('')),
);

describe('a block that is inserted', () => {
  it('comes out again and leaves every byte as it was', () => {
    fc.assert(
      fc.property(text, (text) => {
        expect(removeBlock(insertBlock(text, block('1')))).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is there once, even when it is inserted again and again', () => {
    fc.assert(
      fc.property(text, (text) => {
        const once = insertBlock(text, block('1'));
        expect(insertBlock(once, block('1'))).toBe(once);
      }),
    );
  });

  it('gives way to a newer one, as if that had been the first', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const old = insertBlock(before, block('1')) + after;
        const updated = insertBlock(old, block('2'));
        expect(updated).toBe(insertBlock(before, block('2')) + after);
        expect(removeBlock(updated)).toBe(before + after);
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps the text around it, and ends lines as the text does', () => {
    const unix = insertBlock('# Mine\n', block('1'));
    expect(unix).toBe(`# Mine\n\n${block('1')}`);
    const windows = insertBlock('# Mine\r\nwords\r\n', block('1'));
    expect(windows).toBe(`# Mine\r\nwords\r\n\r\n${block('1').replaceAll('\n', '\r\n')}`);
    expect(insertBlock(windows, block('2'))).not.toMatch(/[^\r]\n/);
  });
});

describe('markers that do not pair', () => {
  const start = '<!-- touchstone:start v=1 -->';
  const end = '<!-- touchstone:end -->';

  it.each([
    ['a start without an end', `a\n${start}\nb\n`, 'start in line 2'],
    ['an end without a start', `a\n${end}\n`, 'end in line 2'],
    [
      'two starts',
      `${start}\n${start}\n${end}\n`,
      'start in line 1, start in line 2, end in line 3',
    ],
    ['two blocks', `${start}\n${end}\n${start}\n${end}\n`, 'start in line 3'],
    ['an end before its start', `${end}\n${start}\n`, 'end in line 1, start in line 2'],
  ])('are an error that names the lines: %s', (_, text, places) => {
    expect(() => insertBlock(text, block('1'))).toThrow(places);
    expect(() => removeBlock(text)).toThrow('leave one <!-- touchstone:start -->');
  });

  it('are only lines of their own', () => {
    const text = `See \`${start}\` and \`${end}\`.\n`;
    expect(removeBlock(insertBlock(text, block('1')))).toBe(text);
  });
});
