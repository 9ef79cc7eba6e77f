import { examplePath, pagePath } from '../pattern/ids.ts';
import {
  type PageContext,
  type RecordKeys,
  reportDrift,
  reportOnPage,
  type Shown,
} from './context.ts';
import { applyEdits, changes, countCommonLines, type Edit, joinLines } from './edits.ts';
import { readInfo } from './fence-rules.ts';
import { type Fence, type PageScan, scanPage } from './fences.ts';
import { addFindings, type Finding } from './findings.ts';
import { type GeneratedBlock, scanGenerated } from './generated.ts';
import { buildBlock, checkMissingBlocks, writeContents } from './generated-rules.ts';
import { checkDefences, checkReferenceTests, readProof } from './proof-rules.ts';
import type { PageReference, Proof } from './records.ts';
import { scanRegions } from './regions.ts';
import { checkShown } from './shown.ts';
import { type BuiltFence, buildOutput, buildSnippet } from './snippets.ts';
import { checkVersus } from './versus.ts';

/** Everything a page is made of, already read. */
export type PageInput = {
  /** `<area>/<slug>`. */
  id: string;
  text: string;
  /** The example's source files: path in the example, text. */
  sources: ReadonlyMap<string, string>;
  /** The texts of proof.json and bench.json, where they exist. */
  proof?: string | undefined;
  bench?: string | undefined;
  /** The keys that these records have while they are fresh. */
  keys: RecordKeys;
  /** From the frontmatter; left out, the references block stays as it is. */
  references?: PageReference[] | undefined;
};

/** The page as it should be, what is wrong with it as it is, and what it shows. */
export type PageResult = {
  text: string;
  findings: Finding[];
  shown: Shown[];
  /** What was read on the way: the blocks of the page, its generated ones, and the proof. */
  page: PageScan;
  blocks: GeneratedBlock[];
  proof?: Proof | undefined;
};

/** Builds a page from its sources: `sync` writes the text, `check` reports what differs from it. */
export function buildPage(input: PageInput): PageResult {
  const { id, text, sources } = input;
  const context = createContext(id, text);
  scanSources(context, sources);
  readProof(context, input);
  checkIndented(context);
  const generated = scanGenerated(context.file, text, context.page.fences);
  addFindings(context.findings, generated.findings);
  const contents = writeContents(context, input);
  const edits = context.page.fences
    .filter((fence) => !isInside(fence, generated.blocks))
    .flatMap((fence) => buildFence(context, text, fence))
    .concat(generated.blocks.flatMap((block) => buildBlock(context, text, { block, contents })));
  checkMissingBlocks(context, { contents, generated });
  checkDefences(context, generated.blocks);
  checkReferenceTests(context, input);
  checkShown(context);
  checkVersus(context);
  return {
    text: applyEdits(text, edits),
    findings: context.findings,
    shown: context.snippets.map(({ shown }) => shown),
    page: context.page,
    blocks: generated.blocks,
    proof: context.proof,
  };
}

function createContext(id: string, text: string): PageContext {
  return {
    id,
    file: pagePath(id),
    page: scanPage(text),
    scans: new Map(),
    fresh: false,
    findings: [],
    snippets: [],
  };
}

function scanSources(context: PageContext, sources: ReadonlyMap<string, string>): void {
  for (const [path, text] of sources) {
    const scan = scanRegions(examplePath(context.id, path), text);
    addFindings(context.findings, scan.findings);
    context.scans.set(path, scan);
  }
}

function checkIndented(context: PageContext): void {
  for (const place of context.page.indented) {
    const message = 'indented code names no source';
    const fix = 'fence it and name the source it comes from';
    reportOnPage(context, 'code-indented', { ...place, message, fix });
  }
}

/** What a generated block holds is its own matter, fences too. */
function isInside(fence: Fence, blocks: GeneratedBlock[]): boolean {
  return blocks.some(({ start, end }) => fence.start > start && fence.start < end);
}

function buildFence(context: PageContext, text: string, fence: Fence): Edit[] {
  const use = readInfo(context, fence);
  if (use === undefined) return [];
  const build = use.kind === 'source' ? buildSnippet : buildOutput;
  const built = build(context, fence, use.word);
  if (built === undefined) return [];
  const { info, start, end } = fence;
  const lines = built.lines.map((line) => (fence.prefix + line).trimEnd());
  const head = { start: info.start, end: info.start + info.text.length, text: built.info };
  const body = { start, end, text: joinLines(lines, text, start) };
  const edits = [head, body].filter((edit) => changes(text, edit));
  const [first] = edits;
  if (first === undefined) return [];
  // The fence itself is line 0, the first line of its body line 1.
  const offset = first === head ? 0 : 1 + countCommonLines(text, body);
  reportDrift(context, {
    line: fence.line + offset,
    name: built.name,
    source: placeInSource(built, offset),
  });
  return edits;
}

function placeInSource({ scan, numbers = [] }: BuiltFence, offset: number) {
  const line = numbers[Math.max(offset - 1, 0)];
  return scan && line ? { file: scan.file, line, column: 1 } : undefined;
}
