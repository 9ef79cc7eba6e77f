import { tokenizer } from 'acorn';
import type { Root } from 'mdast';
import { findFrontmatter } from '../engine/frontmatter.ts';
import { endOf, listNodes, startOf } from '../engine/markdown.ts';
import { blankTypes } from '../pattern/blank-types.ts';

/** A part of a text, as two offsets. */
export type ProseSpan = { start: number; end: number };

/** What replaces a character that is not prose: no wording matches across it. */
const BLANK = '·';

/** Lines of the frontmatter that quote others: the titles, addresses and tests of references. */
const QUOTED = /^[ \t-]*(?:title|url|test): .*|`[^`\n]*`/gm;

/** The text with everything but the prose of a Markdown page blanked, so that places stay the same. */
export function proseOfMarkdown(
  text: string,
  tree: Root,
  leftOut: readonly ProseSpan[] = [],
): string {
  const spans = listNodes(tree)
    .filter(({ type }) => type === 'text')
    .map((node) => ({ start: startOf(text, node), end: endOf(text, node) }))
    .filter(({ start }) => !leftOut.some((span) => start >= span.start && start < span.end));
  const frontmatter = findFrontmatter(text);
  if (frontmatter === undefined) return keep(text, spans);
  const head = text.slice(0, frontmatter.end).replaceAll(QUOTED, blank);
  return head + keep(text, spans).slice(frontmatter.end);
}

/** The text with everything blanked but its strings that hold more than a word. */
export function proseOfCode(text: string): string {
  return keep(text, findStrings(text) ?? findStrings(blankTypes(text)) ?? []);
}

/** The strings of a text; undefined when the tokenizer cannot read it, which a type can cause. */
function findStrings(text: string): ProseSpan[] | undefined {
  const options = { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true } as const;
  try {
    return [...tokenizer(text, options)]
      .filter(({ type }) => type.label === 'string' || type.label === 'template')
      .filter(({ start, end }) => text.slice(start, end).includes(' '))
      .map(({ start, end }) => ({ start, end }));
  } catch {
    return undefined;
  }
}

/** The text with all but the spans blanked; the spans are in their order. */
function keep(text: string, spans: readonly ProseSpan[]): string {
  let kept = '';
  let at = 0;
  for (const { start, end } of spans) {
    kept += blank(text.slice(at, start)) + text.slice(start, end);
    at = end;
  }
  return kept + blank(text.slice(at));
}

const blank = (text: string): string => text.replaceAll(/[^\n]/g, BLANK);
