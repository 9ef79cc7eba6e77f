import { countEdits } from '../text/find-nearest.ts';
import { hintAt, shorten } from '../text/hints.ts';
import type { Fence } from './fences.ts';
import type { Finding, FindingCode } from './findings.ts';

const NAMES = ['failures', 'bench', 'references'] as const;

/** What stands between generated markers. */
export type GeneratedName = (typeof NAMES)[number];

/** A generated block; `start` and `end` are the offsets between its two marker lines. */
export type GeneratedBlock = { name: GeneratedName; line: number; start: number; end: number };

/** What a scan for generated blocks found; `faulty` names the blocks whose markers are at fault. */
export type GeneratedScan = {
  file: string;
  blocks: GeneratedBlock[];
  findings: Finding[];
  faulty: Set<string>;
};
type Comment = { line: number; column: number; start: number; end: number; body: string };

const MARKER = /^ (\/?)generated:([a-z]+) $/;
const NEAR_MARKER = /^\s*(\/?)\s*([A-Za-z-]+)[\s:=]*(\/?)([A-Za-z]*)\s*$/;
const LONGEST_MARKER = 80;

/** Finds the generated blocks of a page. A marker is an HTML comment that is a line of its own. */
export function scanGenerated(file: string, text: string, fences: Fence[]): GeneratedScan {
  const scan: GeneratedScan = { file, blocks: [], findings: [], faulty: new Set() };
  let open: (Comment & { name: GeneratedName }) | undefined;
  for (const comment of findComments(text, fences)) {
    const marker = readMarker(scan, text, comment);
    if (marker === undefined) continue;
    const { name, closes } = marker;
    if (open !== undefined && !(closes && name === open.name)) {
      reportUnclosed(scan, open);
      open = undefined;
    } else if (open !== undefined) {
      addBlock(scan, text, { open, close: comment });
      open = undefined;
      continue;
    }
    if (closes) reportNotOpened(scan, comment, name);
    else open = { ...comment, name };
  }
  if (open !== undefined) reportUnclosed(scan, open);
  return scan;
}

/** The one-line HTML comments outside of fences, in their order. */
function* findComments(text: string, fences: Fence[]): Generator<Comment> {
  let [line, lineStart, fence] = [1, 0, 0];
  let feed = text.indexOf('\n');
  for (let start = text.indexOf('<!--'); start !== -1; start = text.indexOf('<!--', start + 4)) {
    while ((fences[fence]?.end ?? Number.POSITIVE_INFINITY) <= start) fence++;
    if ((fences[fence]?.start ?? Number.POSITIVE_INFINITY) <= start) continue;
    const head = text.slice(start + 4, start + LONGEST_MARKER);
    const length = head.indexOf('-->');
    if (length === -1) continue;
    for (; feed !== -1 && feed < start; feed = text.indexOf('\n', lineStart)) {
      line++;
      lineStart = feed + 1;
    }
    const body = head.slice(0, length);
    yield { line, column: start - lineStart + 1, start, end: start + length + 7, body };
  }
}

type Marker = { name: GeneratedName; closes: boolean };

function readMarker(scan: GeneratedScan, text: string, comment: Comment): Marker | undefined {
  const [, slash, name = ''] = MARKER.exec(comment.body) ?? [];
  const alone =
    comment.column === 1 && /^[ \t\r]*(?:\n|$)/.test(text.slice(comment.end, comment.end + 200));
  if (slash !== undefined && alone && isKnown(name)) return { name, closes: slash === '/' };
  const [, before = '', word = '', after = '', near = ''] = NEAR_MARKER.exec(comment.body) ?? [];
  if (countEdits(word.toLowerCase(), 'generated') > 2) return undefined;
  reportNearMiss(scan, comment, { closes: before + after !== '', near });
  return undefined;
}

const isKnown = (name: string): name is GeneratedName =>
  (NAMES as readonly string[]).includes(name);

function reportNearMiss(
  scan: GeneratedScan,
  comment: Comment,
  { closes, near }: { closes: boolean; near: string },
): void {
  const name = near.toLowerCase();
  const hint = isKnown(name) ? {} : hintAt(name, NAMES);
  const meant = isKnown(name) ? name : (hint.hint?.match(/\w+(?=\?)/)?.[0] ?? NAMES.join(' | '));
  for (const faulty of isKnown(meant) ? [meant] : NAMES) scan.faulty.add(faulty);
  const message = `\`${shorten(`<!--${comment.body}-->`)}\` is almost a generated marker`;
  const marker = `<!-- ${closes ? '/' : ''}generated:${meant} -->`;
  const fix = `write \`${marker}\` on a line of its own`;
  report(scan, 'generated-near-miss', { comment, message, fix, ...hint });
}

function addBlock(
  scan: GeneratedScan,
  text: string,
  { open, close }: { open: Comment & { name: GeneratedName }; close: Comment },
): void {
  const { name, line } = open;
  const first = scan.blocks.find((block) => block.name === name);
  if (first !== undefined) {
    const message = `the page has its ${name} already, at line ${first.line}`;
    const fix = 'remove one of the two blocks with its markers';
    report(scan, 'generated-twice', { comment: open, message, fix });
    return;
  }
  const start = text.indexOf('\n', open.end) + 1;
  scan.blocks.push({ name, line, start, end: close.start });
}

function reportUnclosed(scan: GeneratedScan, open: Comment & { name: GeneratedName }): void {
  scan.faulty.add(open.name);
  const message = `the generated block ${open.name} is never closed`;
  const fix = `write \`<!-- /generated:${open.name} -->\` below it`;
  report(scan, 'generated-unclosed', { comment: open, message, fix });
}

function reportNotOpened(scan: GeneratedScan, comment: Comment, name: GeneratedName): void {
  // Where its opening is a near miss, that was reported, and one slip is one finding.
  if (scan.faulty.has(name)) return;
  scan.faulty.add(name);
  const message = `the generated block ${name} ends here and begins nowhere before`;
  const fix = `write \`<!-- generated:${name} -->\` above it`;
  report(scan, 'generated-not-opened', { comment, message, fix });
}

type Report = { comment: Comment; message: string; fix: string; hint?: string };

function report(scan: GeneratedScan, code: FindingCode, { comment, ...words }: Report): void {
  const { line, column } = comment;
  scan.findings.push({ code, file: scan.file, line, column, ...words });
}
