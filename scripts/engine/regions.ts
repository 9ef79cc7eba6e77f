import { type CommentStyle, commentStyles, writeComment } from './comments.ts';
import type { Finding, FindingCode, Place } from './findings.ts';
import { type Marker, readMarker } from './markers.ts';

/** One stretch of a region: the lines between its markers, counted from 1. */
export type LineSpan = { first: number; last: number; style: CommentStyle };

/** A named part of a file. Opened and closed again, it has a span for each time. */
export type Region = { name: string; place: Place; spans: LineSpan[]; broken: boolean };

/** What a scan of one source file found. */
export type SourceScan = {
  file: string;
  lines: string[];
  regions: Map<string, Region>;
  /** Every marker by its line, the near misses too. */
  markers: Map<number, Marker>;
  findings: Finding[];
};

type OpenRegion = { line: number; marker: Marker; extra: number };

/** Finds the regions of a source file; every fault is a finding, none stops the scan. */
export function scanRegions(file: string, text: string): SourceScan {
  const lines = (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text).split('\n');
  const scan: SourceScan = { file, lines, regions: new Map(), markers: new Map(), findings: [] };
  const styles = commentStyles(file);
  if (styles.length === 0) reportUnsupported(scan, text);
  else scanMarkers(scan, styles);
  return scan;
}

function scanMarkers(scan: SourceScan, styles: CommentStyle[]): void {
  const open = new Map<string, OpenRegion>();
  for (const [index, line] of scan.lines.entries()) {
    if (!mayHoldMarker(line)) continue;
    const marker = readMarker(line, styles);
    if (marker !== undefined) applyMarker({ scan, open, line: index + 1, marker });
  }
  for (const [name, entry] of open) closeAtEnd(scan, name, entry);
  for (const region of scan.regions.values()) checkEmpty(scan, region);
}

/** Every marker and every near miss holds a `#` or the word; most lines hold neither. */
function mayHoldMarker(line: string): boolean {
  return line.includes('#') || line.includes('region') || line.includes('Region');
}

type Step = { scan: SourceScan; open: Map<string, OpenRegion>; line: number; marker: Marker };

function applyMarker(step: Step): void {
  const { scan, line, marker } = step;
  scan.markers.set(line, marker);
  if (marker.slip !== undefined) {
    const message = `\`${marker.slip.seen}\` is almost a marker`;
    report(scan, 'marker-near-miss', { line, marker, message, fix: marker.slip.fix });
  }
  if (marker.kind === 'region') openRegion(step);
  if (marker.kind === 'endregion') closeRegion(step);
}

function openRegion({ scan, open, line, marker }: Step): void {
  const { name } = marker;
  const already = open.get(name);
  if (already !== undefined) {
    already.extra++;
    breakRegion(scan, name);
    const message = `region ${name} is open already, since line ${already.line}`;
    const fix = `close it before line ${line}, or give one of the two another name`;
    report(scan, 'region-opened-twice', { line, marker, message, fix });
    return;
  }
  open.set(name, { line, marker, extra: 0 });
  const place = { file: scan.file, line, column: marker.column };
  const region = scan.regions.get(name) ?? { name, place, spans: [], broken: false };
  scan.regions.set(name, region);
  if (marker.slip !== undefined) region.broken = true;
}

function closeRegion({ scan, open, line, marker }: Step): void {
  const { name } = marker;
  const entry = open.get(name);
  if (marker.slip !== undefined) breakRegion(scan, name);
  if (entry === undefined) {
    if (marker.slip !== undefined) return;
    const message = `region ${name} ends here and begins nowhere before`;
    const fix = `write \`${writeComment(marker.style, `#region ${name}`)}\` above its first line`;
    report(scan, 'region-not-opened', { line, marker, message, fix });
    return;
  }
  // A second opening was reported where it is; its end is not a second fault.
  if (entry.extra > 0) {
    entry.extra--;
    return;
  }
  open.delete(name);
  scan.regions
    .get(name)
    ?.spans.push({ first: entry.line + 1, last: line - 1, style: marker.style });
}

function closeAtEnd(scan: SourceScan, name: string, { line, marker }: OpenRegion): void {
  const region = scan.regions.get(name);
  if (region === undefined || region.broken) return;
  region.broken = true;
  const message = `region ${name} is never closed`;
  const fix = `write \`${writeComment(marker.style, `#endregion ${name}`)}\` below its last line`;
  report(scan, 'region-unclosed', { line, marker, message, fix });
}

function checkEmpty(scan: SourceScan, region: Region): void {
  if (region.broken || region.spans.some((span) => holdsCode(scan, span))) return;
  region.broken = true;
  scan.findings.push({
    code: 'region-empty',
    ...region.place,
    message: `region ${region.name} holds no line of code`,
    fix: 'move its markers around the code it is named for, or remove them',
  });
}

function holdsCode(scan: SourceScan, { first, last }: LineSpan): boolean {
  for (let line = first; line <= last; line++) {
    const marker = scan.markers.get(line);
    if (marker !== undefined && marker.kind !== 'highlight') continue;
    if ((scan.lines[line - 1] ?? '').trim() !== '') return true;
  }
  return false;
}

function breakRegion(scan: SourceScan, name: string): void {
  const region = scan.regions.get(name);
  if (region !== undefined) region.broken = true;
}

function reportUnsupported(scan: SourceScan, text: string): void {
  if (!text.includes('#region ')) return;
  const index = scan.lines.findIndex((line) => line.includes('#region '));
  const column = (scan.lines[index] ?? '').indexOf('#region ') + 1;
  const message = 'a file of this kind holds no comments, so it can hold no region';
  const fix = 'remove the marker and show the whole file';
  const place = { file: scan.file, line: index + 1, column };
  scan.findings.push({ code: 'region-unsupported', ...place, message, fix });
}

type Report = { line: number; marker: Marker; message: string; fix: string };

function report(scan: SourceScan, code: FindingCode, { line, marker, message, fix }: Report): void {
  scan.findings.push({ code, file: scan.file, line, column: marker.column, message, fix });
}
