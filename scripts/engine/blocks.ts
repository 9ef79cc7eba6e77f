import { type Container, isRule, isUnderline, readItem, skipQuoteMark } from './block-marks.ts';
import {
  type Cursor,
  countAhead,
  indentAhead,
  isBlankAhead,
  skipCharacters,
  skipColumns,
  skipIndent,
} from './cursor.ts';
import { type Fence, openFence, type PageScan } from './fences.ts';
import { endsHtml, findHtmlEnd, type HtmlEnd } from './html.ts';

/** The state between two lines. */
export type BlockScan = {
  text: string;
  page: PageScan;
  containers: Container[];
  leaf: 'none' | 'paragraph' | 'indented' | { fence: Fence } | { html: HtmlEnd };
  line: number;
};

type Line = { start: number; end: number; next: number };
type Step = { scan: BlockScan; line: Line; cursor: Cursor; depth: number; opened: boolean };

/** Reads one line of a page and notes the fences, headings and indented code that begin on it. */
export function readLine(scan: BlockScan, line: Line): void {
  const cursor: Cursor = { text: scan.text, at: line.start, end: line.end, column: 0 };
  const depth = matchContainers(scan, cursor);
  const step: Step = { scan, line, cursor, depth, opened: false };
  if (typeof scan.leaf === 'object' && continueLeaf(step, scan.leaf)) return;
  while (openContainer(step)) step.opened = true;
  readLeaf(step);
}

/** How many of the open containers this line continues; the cursor stands behind their marks. */
function matchContainers({ containers }: BlockScan, cursor: Cursor): number {
  let depth = 0;
  for (; depth < containers.length; depth++) {
    const container = containers[depth];
    if (container?.kind === 'quote') {
      if (!skipQuoteMark(cursor)) return depth;
    } else if (container !== undefined) {
      const blank = isBlankAhead(cursor);
      if (blank && container.empty) return depth;
      if (!blank && indentAhead(cursor) < container.indent) return depth;
      skipColumns(cursor, container.indent);
      container.empty = false;
    }
  }
  return depth;
}

/** Goes on with an open fence or HTML block; false when its container ended and so did it. */
function continueLeaf({ scan, line, cursor, depth }: Step, leaf: object): boolean {
  if (depth < scan.containers.length) {
    if ('fence' in leaf) (leaf.fence as Fence).end = line.start;
    scan.leaf = 'none';
    return false;
  }
  if ('fence' in leaf) continueFence(scan, leaf.fence as Fence, { line, cursor });
  else if ('html' in leaf && endsHtml(rest(cursor), leaf.html as HtmlEnd)) scan.leaf = 'none';
  return true;
}

function continueFence(
  scan: BlockScan,
  fence: Fence,
  { line, cursor }: { line: Line; cursor: Cursor },
): void {
  if (indentAhead(cursor) > 3) return;
  skipIndent(cursor);
  const length = countAhead(cursor, fence.marker[0] ?? '');
  if (length < fence.marker.length) return;
  skipCharacters(cursor, length);
  if (!isBlankAhead(cursor)) return;
  fence.end = line.start;
  fence.closed = true;
  scan.leaf = 'none';
}

/** Opens the quote or the list item that begins at the cursor, if one does. */
function openContainer(step: Step): boolean {
  const { scan, cursor } = step;
  if (indentAhead(cursor) > 3 || isBlankAhead(cursor)) return false;
  if (skipQuoteMark(cursor)) {
    enter(step, { kind: 'quote' });
    return true;
  }
  const item = readItem(cursor, scan.leaf === 'paragraph' && !step.opened && isSameDepth(step));
  if (item === undefined) return false;
  enter(step, item);
  return true;
}

function enter(step: Step, container: Container): void {
  closeUnmatched(step);
  step.scan.containers.push(container);
  step.depth++;
}

function closeUnmatched({ scan, depth, opened }: Step): void {
  if (!opened) scan.containers.length = depth;
  scan.leaf = 'none';
}

const isSameDepth = ({ scan, depth }: Step): boolean => depth === scan.containers.length;

function readLeaf(step: Step): void {
  const { scan, cursor, opened } = step;
  const paragraph = scan.leaf === 'paragraph' && !opened;
  if (isBlankAhead(cursor)) readBlank(step);
  else if (indentAhead(cursor) < 4) readText(step, paragraph);
  else if (!paragraph) readIndented(step);
}

function readText(step: Step, paragraph: boolean): void {
  const { scan, cursor } = step;
  skipIndent(cursor);
  if (readFence(step) || readHtml(step, paragraph) || readHeading(step)) return;
  const closes = isRule(cursor) || (paragraph && isSameDepth(step) && isUnderline(cursor));
  // A line of text goes on with a paragraph even where it lacks the marks of its containers.
  if (!closes && paragraph) return;
  closeUnmatched(step);
  scan.leaf = closes ? 'none' : 'paragraph';
}

function readBlank(step: Step): void {
  const indented = step.scan.leaf === 'indented' && isSameDepth(step);
  closeUnmatched(step);
  if (indented) step.scan.leaf = 'indented';
}

function readIndented(step: Step): void {
  const { scan, line, cursor } = step;
  const goesOn = scan.leaf === 'indented' && isSameDepth(step) && !step.opened;
  closeUnmatched(step);
  scan.leaf = 'indented';
  if (goesOn) return;
  skipIndent(cursor);
  scan.page.indented.push({ line: scan.line, column: cursor.at - line.start + 1 });
}

function readFence(step: Step): boolean {
  const { scan, line, cursor } = step;
  const character = cursor.text[cursor.at] === '~' ? '~' : '`';
  const length = countAhead(cursor, character);
  if (length < 3) return false;
  // The info string of back ticks holds none (CommonMark 4.5): that line is inline code.
  if (character === '`' && rest(cursor).includes('`', length)) return false;
  closeUnmatched(step);
  const fence = openFence(scan, line, { at: cursor.at, length });
  scan.page.fences.push(fence);
  scan.leaf = { fence };
  return true;
}

function readHtml(step: Step, paragraph: boolean): boolean {
  const { scan, cursor } = step;
  if (cursor.text[cursor.at] !== '<') return false;
  const html = findHtmlEnd(rest(cursor), paragraph);
  if (html === undefined) return false;
  closeUnmatched(step);
  scan.leaf = endsHtml(rest(cursor), html) ? 'none' : { html };
  return true;
}

function readHeading(step: Step): boolean {
  const { scan, cursor } = step;
  const rank = countAhead(cursor, '#');
  const next = cursor.text[cursor.at + rank];
  const ends = cursor.at + rank >= cursor.end;
  if (rank < 1 || rank > 6 || !(ends || next === ' ' || next === '\t')) return false;
  closeUnmatched(step);
  const text = rest(cursor).slice(rank).trim();
  if (rank === 2 && scan.containers.length === 0)
    scan.page.headings.push({ line: scan.line, text });
  return true;
}

const rest = ({ text, at, end }: Cursor): string => text.slice(at, end);
