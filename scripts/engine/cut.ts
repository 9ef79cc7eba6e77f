import { writeComment } from './comments.ts';
import type { Region, SourceScan } from './regions.ts';

/** A region, or a whole file, as a page shows it. */
export type Cut = {
  lines: string[];
  /** The source line, counted from 1, of each shown line; 0 for an elision. */
  numbers: number[];
  /** The shown lines, counted from 1, that the source highlights. */
  highlights: number[];
};

type Shown = { text: string; number: number; highlighted: boolean };

/** Cuts a region out of its file, without markers and indentation; undefined when a fault forbids it. */
export function cutRegion(scan: SourceScan, region: Region): Cut | undefined {
  if (region.broken) return undefined;
  const shown: Shown[] = [];
  for (const { first, last, style } of region.spans) {
    const span = readSpan(scan, first, last);
    if (span === undefined) return undefined;
    if (span.length === 0) continue;
    if (shown.length > 0) shown.push(elide(writeComment(style, '…'), span));
    shown.push(...span);
  }
  return finishCut(shown);
}

/** Cuts a whole file, without its markers; undefined when a near miss is in it. */
export function cutFile(scan: SourceScan): Cut | undefined {
  const shown = readSpan(scan, 1, scan.lines.length);
  return shown && finishCut(shown);
}

/** The lines of a span that a page shows; undefined when one of them is almost a marker. */
function readSpan(scan: SourceScan, first: number, last: number): Shown[] | undefined {
  const shown: Shown[] = [];
  let afterMarker = true;
  for (let number = first; number <= last; number++) {
    const marker = scan.markers.get(number);
    if (marker?.slip !== undefined) return undefined;
    const line = (scan.lines[number - 1] ?? '').trimEnd();
    if (marker !== undefined && marker.kind !== 'highlight') {
      afterMarker ||= shown.at(-1)?.text === '';
    } else if (line !== '' || !afterMarker) {
      const text = marker === undefined ? line : line.slice(0, marker.column - 1).trimEnd();
      shown.push({ text, number, highlighted: marker !== undefined });
      afterMarker = false;
    }
  }
  while (shown.at(-1)?.text === '') shown.pop();
  return shown;
}

function elide(comment: string, span: Shown[]): Shown {
  const next = span[0]?.text ?? '';
  const indent = next.slice(0, next.length - next.trimStart().length);
  return { text: indent + comment, number: 0, highlighted: false };
}

function finishCut(shown: Shown[]): Cut {
  const width = commonIndent(shown.map(({ text }) => text)).length;
  return {
    lines: shown.map(({ text }) => text.slice(width)),
    numbers: shown.map(({ number }) => number),
    highlights: shown.flatMap(({ highlighted }, index) => (highlighted ? [index + 1] : [])),
  };
}

/** The white space that every line begins with, tab for tab and space for space; blank lines do not count. */
function commonIndent(lines: string[]): string {
  let common: string | undefined;
  for (const line of lines) {
    if (line === '') continue;
    const indent = line.slice(0, line.length - line.trimStart().length);
    common = common === undefined ? indent : sharedStart(common, indent);
    if (common === '') return '';
  }
  return common ?? '';
}

function sharedStart(a: string, b: string): string {
  let end = 0;
  while (end < a.length && a[end] === b[end]) end++;
  return a.slice(0, end);
}
