import { describe, expect, it } from 'vitest';
import { readMarkdown } from '../engine/markdown.ts';
import { proseOfCode, proseOfMarkdown } from './prose-of.ts';

describe('the prose of a Markdown page', () => {
  it('keeps each word where it is', () => {
    const text = 'A **job** waits:\n\n- for a `worker` or\n- for [a lease](lease.md)\n';
    const prose = proseOfMarkdown(text, readMarkdown(text));
    expect(prose).toHaveLength(text.length);
    for (const word of ['job', 'waits:', 'for a ', ' or', 'a lease'])
      expect(prose.indexOf(word)).toBe(text.indexOf(word));
  });

  it('has no code and no addresses', () => {
    const text = 'A `span`, [a link](https://example.org/path):\n\n```ts\nfence();\n```\n';
    expect(words(proseOfMarkdown(text, readMarkdown(text)))).toBe('A , a link :');
  });

  it('has the frontmatter but not what it quotes', () => {
    const text = `---
summary: A job with \`code\` in it
references:
  - title: "RFC 1: what a server shall do"
    url: https://example.org/
    test: "jobs.test.ts > a job"
---

Text.
`;
    expect(words(proseOfMarkdown(text, readMarkdown(text)))).toBe(
      '--- summary: A job with in it references: Text.',
    );
  });

  it('leaves out the spans that are generated', () => {
    const text = 'Before.\n\nGenerated.\n\nAfter.\n';
    const leftOut = [{ start: 8, end: 20 }];
    expect(words(proseOfMarkdown(text, readMarkdown(text), leftOut))).toBe('Before. After.');
  });
});

describe('the prose of code', () => {
  it('is its strings of more than one word, where they are', () => {
    const text = "const one = 'word'; // a comment\nconst two = `it has a name`;\n";
    const prose = proseOfCode(text);
    expect(words(prose)).toBe('it has a name');
    expect(prose.indexOf('has')).toBe(text.indexOf('has'));
  });

  it('is found where a type confuses the tokenizer', () => {
    expect(words(proseOfCode("const half = total! / 2;\nsay('not a number');"))).toBe(
      "'not a number'",
    );
  });
});

const words = (prose: string): string =>
  prose
    .split(/[·\s]+/)
    .filter(Boolean)
    .join(' ');
