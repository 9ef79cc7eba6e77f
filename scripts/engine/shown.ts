import { type PageContext, reportOnPage, type Shown, type Snippet } from './context.ts';
import { writeRanges } from './info.ts';
import { LIMITS } from './limits.ts';
import type { Proof } from './records.ts';
import type { SourceScan } from './regions.ts';

const TAB_COLUMNS = 4;

/** Checks what the page shows against its bounds and its proof, and the sources for what it leaves out. */
export function checkShown(context: PageContext): void {
  for (const snippet of context.snippets) {
    checkLength(context, snippet);
    checkWidth(context, snippet);
    // The line numbers of a stale proof say nothing; that it is stale was reported.
    if (context.fresh) checkProven(context, snippet);
  }
  checkTotal(context);
  checkCount(context);
  for (const [path, scan] of context.scans) {
    checkUnshownRegions(context, path, scan);
    checkUnshownHighlights(context, path, scan);
  }
}

function checkLength(context: PageContext, { fence, scan, shown }: Snippet): void {
  const count = shown.lines.length;
  if (count <= LIMITS.snippetLines) return;
  const { line, column } = fence;
  const source = { file: scan.file, line: shown.lines[0] ?? 1, column: 1 };
  const message = `the snippet has ${count} lines, ${LIMITS.snippetLines} at most`;
  const fix = 'close the region and open it again further down, or make it two';
  reportOnPage(context, 'snippet-too-long', { line, column, message, fix, source });
}

function checkWidth(context: PageContext, { fence, scan, shown, lines }: Snippet): void {
  for (const [index, text] of lines.entries()) {
    // Most lines are short; only the others are measured.
    if (text.length <= LIMITS.snippetColumns && !text.includes('\t')) continue;
    const width = measureWidth(text);
    if (width <= LIMITS.snippetColumns) continue;
    const line = fence.line + index + 1;
    const column = fence.prefix.length + 1;
    const source = { file: scan.file, line: shown.lines[index] || 1, column: 1 };
    const message = `the line is ${width} columns wide, ${LIMITS.snippetColumns} at most`;
    const fix = 'break the line in the source';
    reportOnPage(context, 'snippet-too-wide', { line, column, message, fix, source });
  }
}

/** Columns as a page shows them: a tab is four, any other character one. */
function measureWidth(text: string): number {
  let width = 0;
  for (const character of text) width += character === '\t' ? TAB_COLUMNS : 1;
  return width;
}

function checkProven(context: PageContext, { fence, scan, shown }: Snippet): void {
  const { files = {}, unproven = {} }: Partial<Proof> = context.proof ?? {};
  const { line, column } = fence;
  const source = { file: scan.file, line: shown.lines[0] ?? 1, column: 1 };
  const proof = Object.hasOwn(files, shown.file) ? files[shown.file] : undefined;
  if (proof === undefined || ('tests' in proof && proof.tests === '')) {
    // A region of types alone has nothing to execute; were there more, it would be unproven.
    if (holdsTypesOnly(shown, unproven)) return;
    const message = `no test executed, applied or loaded ${shown.file}`;
    const fix = `write a test that does, then npm run prove -- ${context.id}`;
    reportOnPage(context, 'file-unproven', { line, column, message, fix, source });
    return;
  }
  if (proof.kind === 'executed' && shown.region === undefined) {
    const message = `${shown.file} is shown as a whole, but its proof is recorded by region`;
    const fix = 'mark a region in it and name that';
    reportOnPage(context, 'file-shown-whole', { line, column, message, fix, source });
    return;
  }
  const bare = new Set(Object.hasOwn(unproven, shown.file) ? unproven[shown.file] : []);
  reportUnproven(context, { fence, scan, shown }, (number) => bare.has(number));
}

function holdsTypesOnly({ file, region }: Shown, unproven: Proof['unproven']): boolean {
  const executable = Object.hasOwn(unproven, file) || file.endsWith('.test.ts');
  return region !== undefined && file.endsWith('.ts') && !executable;
}

function reportUnproven(
  context: PageContext,
  { fence, scan, shown }: Omit<Snippet, 'lines'>,
  isBare: (number: number) => boolean,
): void {
  const index = shown.lines.findIndex(isBare);
  const bare = shown.lines.filter(isBare);
  const [first] = bare;
  if (first === undefined) return;
  const source = { file: scan.file, line: first, column: 1 };
  const lines = bare.length === 1 ? `line ${first} is` : `lines ${writeRanges(bare)} are`;
  const message = `${lines} shown, and no test executed ${bare.length === 1 ? 'it' : 'them'}`;
  const fix = `write a test that does, then npm run prove -- ${context.id}`;
  const place = { line: fence.line + index + 1, column: 1 };
  reportOnPage(context, 'line-unproven', { ...place, message, fix, source });
}

/** The section that a line of the page is in. */
function findSection(context: PageContext, line: number): string | undefined {
  return context.page.headings.findLast((heading) => heading.line < line)?.text;
}

/** The naive code of the problem is not part of the pattern, so it is not counted. */
function checkTotal(context: PageContext): void {
  let total = 0;
  for (const { fence, shown } of context.snippets) {
    if (findSection(context, fence.line) === 'Problem') continue;
    total += shown.lines.length;
    if (total <= LIMITS.pageLines) continue;
    const { line, column } = fence;
    const message = `with this snippet the page shows ${total} lines, ${LIMITS.pageLines} at most`;
    const fix = 'show less, or make it two patterns';
    reportOnPage(context, 'snippets-too-long', { line, column, message, fix });
    return;
  }
}

function checkCount(context: PageContext): void {
  const fences = context.snippets.map(({ fence }) => fence);
  const code = fences.filter(({ line }) => findSection(context, line) === 'The code');
  const extra = code[LIMITS.snippets];
  if (extra === undefined) return;
  const { line, column } = extra;
  const message = `"The code" has ${code.length} snippets, ${LIMITS.snippets} at most`;
  const fix = 'show what the pattern relies on, and leave the rest to the example';
  reportOnPage(context, 'snippets-too-many', { line, column, message, fix });
}

function checkUnshownRegions(context: PageContext, path: string, { regions }: SourceScan): void {
  for (const { name, place, broken } of regions.values()) {
    if (broken || isNamed(context, `${path}#${name}`) || isDefence(context, name)) continue;
    const message = `no snippet of ${context.file} shows region ${name}, and no failure names it`;
    const fix = `show it: \`source="${path}#${name}"\`; or remove its markers`;
    context.findings.push({ code: 'region-unshown', ...place, message, fix });
  }
}

/** A fence that names the region shows it, even if a fault keeps its text out. */
function isNamed({ page }: PageContext, source: string): boolean {
  return page.fences.some(({ info }) => info.words.some(({ value }) => value === source));
}

/** The failure table names it, so a reader finds its way to the code. */
function isDefence({ proof }: PageContext, name: string): boolean {
  return proof?.failures.some(({ defence }) => defence === name) ?? false;
}

function checkUnshownHighlights(
  context: PageContext,
  path: string,
  { file, markers, findings }: SourceScan,
): void {
  // Where a marker is at fault a snippet may be missing for that reason.
  if (findings.length > 0) return;
  for (const [line, { kind, column }] of markers) {
    if (kind !== 'highlight' || showsLine(context, path, line)) continue;
    const message = `no snippet of ${context.file} shows the highlighted line`;
    const fix = 'remove the #highlight, or show the line';
    context.findings.push({ code: 'highlight-unshown', file, line, column, message, fix });
  }
}

function showsLine({ snippets }: PageContext, path: string, line: number): boolean {
  return snippets.some(({ shown }) => shown.file === path && shown.lines.includes(line));
}
