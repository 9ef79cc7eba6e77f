import type { Code, Root } from 'mdast';
import { toString as textOf } from 'mdast-util-to-string';
import { type Frontmatter, findFrontmatter } from './frontmatter.ts';
import { type Info, parseInfo } from './info.ts';
import { endOf, lineOf, listNodes, readMarkdown, startOf } from './markdown.ts';

/** A code fence of a page; `start` and `end` are offsets in the page's text. */
export type Fence = {
  line: number;
  column: number;
  /** The back ticks or tildes that open it. */
  marker: string;
  info: { text: string; start: number } & Info;
  /** What stands before each line of the body: the indent of a list, the `>` of a quote. */
  prefix: string;
  /** Where the body begins, and where the line of the closing fence begins. */
  start: number;
  end: number;
  closed: boolean;
};

/** A heading of the second rank. */
export type Heading = { line: number; text: string };

/** What a page consists of, as far as the engine looks. */
export type PageScan = {
  tree: Root;
  /** The first line and column of each run of indented code. */
  indented: { line: number; column: number }[];
  fences: Fence[];
  headings: Heading[];
  frontmatter?: Frontmatter;
};

/** Finds the fences, the indented code and the headings of a Markdown page. */
export function scanPage(text: string): PageScan {
  const tree = readMarkdown(text);
  const page: PageScan = { tree, indented: [], fences: [], headings: [] };
  const frontmatter = findFrontmatter(text);
  if (frontmatter !== undefined) page.frontmatter = frontmatter;
  for (const node of tree.children)
    if (node.type === 'heading' && node.depth === 2)
      page.headings.push({ line: lineOf(node), text: textOf(node) });
  for (const node of listNodes(tree)) if (node.type === 'code') readCode(page, text, node);
  return page;
}

function readCode(page: PageScan, text: string, node: Code): void {
  const at = startOf(text, node);
  const marker = matchAt(text, at, /`{3,}|~{3,}/y);
  if (marker !== '') {
    page.fences.push(readFence(text, node, { at, marker }));
    return;
  }
  const indent = matchAt(text, at, /[ \t]*/y).length;
  page.indented.push({
    line: lineOf(node),
    column: (node.position?.start.column ?? 1) + indent,
  });
}

type Opening = { at: number; marker: string };

function readFence(text: string, node: Code, { at, marker }: Opening): Fence {
  const infoStart = at + marker.length;
  const infoText = matchAt(text, infoStart, /[^\r\n]*/y);
  const infoEnd = infoStart + infoText.length;
  const start = infoEnd + matchAt(text, infoEnd, /(?:\r?\n|\r)?/y).length;
  const end = endOf(text, node);
  const closed = isClosed(text, node, marker);
  const column = node.position?.start.column ?? 1;
  return {
    line: lineOf(node),
    column,
    marker,
    info: { text: infoText, start: infoStart, ...parseInfo(infoText) },
    // The marker of a list item stands on its first line only.
    prefix: text.slice(at - column + 1, at).replaceAll(/[^ \t>]/g, ' '),
    start,
    end: closed ? end - (node.position?.end.column ?? 1) + 1 : Math.max(start, end),
    closed,
  };
}

/** Whether the last line of a fence is one of its marks, and no part of its value. */
function isClosed(text: string, node: Code, marker: string): boolean {
  const { position, value } = node;
  if (position === undefined) return false;
  const valueLines = value === '' ? 0 : value.split(/\r?\n|\r/).length;
  if (position.end.line - position.start.line <= valueLines) return false;
  const end = endOf(text, node);
  const lastLine = text.slice(end - position.end.column + 1, end);
  return lastLine.trimEnd().endsWith(marker);
}

/** What a sticky expression matches at that offset. */
function matchAt(text: string, at: number, expression: RegExp): string {
  expression.lastIndex = at;
  return expression.exec(text)?.[0] ?? '';
}
