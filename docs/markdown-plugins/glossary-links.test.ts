import { markdownToHtml } from 'satteri';
import { expect, it } from 'vitest';
import { linkFirstUses } from './glossary-links.ts';

it.each([
  ['the first use only', 'A lease ends. The lease ends.', 'A [lease] ends. The lease ends.'],
  ['a plural and a capital', 'Leases of tokens', '[Leases] of [tokens]'],
  ['the longer of two', 'A fencing token, a token', 'A [fencing token], a [token]'],
  ['no part of another word', 'Released; lease-time; sub-token', 'Released; lease-time; sub-token'],
  ['a word with a hyphen', 'Ask roll-ups', 'Ask [roll-ups]'],
  ['prose alone', '`lease` [lease](/a/) **lease**', 'lease lease lease'],
])('links %s', async (_, markdown, expected) => {
  expect(await render(markdown)).toBe(expected);
});

it('leads to the heading of the term, and leaves headings and tables as they are', async () => {
  const page = '## Lease\n\n| Lease |\n| --- |\n| token |\n\nA fencing token.';
  const { html } = await markdownToHtml(page, options());
  expect(html.match(/<a .*?<\/a>/g)).toEqual([
    '<a href="/glossary/#fencing-token">fencing token</a>',
  ]);
});

const options = () => ({
  mdastPlugins: [linkFirstUses(['Lease', 'Token', 'Fencing token', 'Roll-up'])],
});

/** The text of a paragraph, with the links to the glossary in brackets. */
async function render(markdown: string): Promise<string> {
  const { html } = await markdownToHtml(markdown, options());
  return html
    .replaceAll(/<a href="\/glossary\/[^"]*">(.*?)<\/a>/g, '[$1]')
    .replaceAll(/<[^>]*>/g, '')
    .trim();
}
