import { type BlockScan, readLine } from './blocks.ts';
import { type Frontmatter, findFrontmatter, nextLine } from './frontmatter.ts';
import { type Info, parseInfo } from './info.ts';

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
  /** The first line and column of each run of indented code. */
  indented: { line: number; column: number }[];
  fences: Fence[];
  headings: Heading[];
  frontmatter?: Frontmatter;
};

/**
 * Finds the fences of a Markdown page without a syntax tree. It knows what CommonMark says of
 * block structure (lists, quotes, HTML, indented code, lazy lines), for that decides what a fence is.
 */
export function scanPage(text: string): PageScan {
  const page: PageScan = { indented: [], fences: [], headings: [] };
  const scan: BlockScan = { text, page, containers: [], leaf: 'none', line: 0 };
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const frontmatter = findFrontmatter(text);
  if (frontmatter !== undefined) {
    page.frontmatter = frontmatter;
    scan.line = frontmatter.lines;
    at = frontmatter.next;
  }
  while (at < text.length) {
    const next = nextLine(text, at);
    scan.line++;
    readLine(scan, { start: at, end: lineEnd(text, at, next), next });
    at = next;
  }
  return page;
}

function lineEnd(text: string, start: number, next: number): number {
  let end = next;
  if (end > start && text[end - 1] === '\n') end--;
  if (end > start && text[end - 1] === '\r') end--;
  return end;
}

/** Begins a fence at an offset of the line that is read; its body is what follows. */
export function openFence(
  scan: BlockScan,
  line: { start: number; end: number; next: number },
  { at, length }: { at: number; length: number },
): Fence {
  const { text } = scan;
  const infoText = text.slice(at + length, line.end);
  return {
    line: scan.line,
    column: at - line.start + 1,
    marker: text.slice(at, at + length),
    info: { text: infoText, start: at + length, ...parseInfo(infoText) },
    // The marker of a list item stands on its first line only.
    prefix: text.slice(line.start, at).replaceAll(/[^ \t>]/g, ' '),
    start: line.next,
    end: text.length,
    closed: false,
  };
}
