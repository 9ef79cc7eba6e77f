import { examplePath } from '../pattern/ids.ts';
import { type PageContext, type RecordKeys, reportDrift, reportOnPage } from './context.ts';
import { changes, countCommonLines, type Edit, joinLines } from './edits.ts';
import type { GeneratedBlock, GeneratedName, GeneratedScan } from './generated.ts';
import { type Bench, type PageReference, parseBench } from './records.ts';
import { writeBenchTables, writeFailures, writeReferences } from './tables.ts';

/** The lines of a generated block, and the name of the facts they come from. */
type Content = { lines: string[]; from: string };

/** What generated blocks should hold, as far as their facts are known. */
export type Contents = {
  known: Partial<Record<GeneratedName, Content>>;
  /** Whether the example has a bench.json, if only one that cannot be read. */
  hasBench: boolean;
};

type Facts = {
  bench?: string | undefined;
  keys: RecordKeys;
  references?: PageReference[] | undefined;
};

const SECTIONS: Record<GeneratedName, string> = {
  failures: 'What can go wrong',
  bench: 'Performance',
  references: 'References',
};

/** What each generated block should hold, as far as its facts are known. */
export function writeContents(context: PageContext, { bench, keys, references }: Facts): Contents {
  const { proof } = context;
  const measured = readBench(context, bench, keys);
  const known = {
    ...(proof && { failures: { lines: writeFailures(proof), from: 'proof.json' } }),
    ...(measured && { bench: { lines: writeBenchTables(measured), from: 'bench.json' } }),
    ...(references && {
      references: { lines: writeReferences(references), from: 'the frontmatter' },
    }),
  };
  return { known, hasBench: bench !== undefined };
}

function readBench(
  context: PageContext,
  text: string | undefined,
  keys: RecordKeys,
): Bench | undefined {
  if (text === undefined) return undefined;
  const { value, fault } = parseBench(text);
  if (fault === undefined) {
    if (value.key !== keys.bench) reportStale(context);
    return value;
  }
  const place = { file: examplePath(context.id, 'bench.json'), line: 1, column: 1 };
  const message = `bench.json is not what the bench writes: ${fault}`;
  const fix = `npm run bench -- ${context.id}`;
  context.findings.push({ code: 'bench-invalid', ...place, message, fix });
  return undefined;
}

/** Its figures stay on the page: they were measured, though not from these sources. */
function reportStale(context: PageContext): void {
  const message =
    'the bench of the example imports other sources or packages than those it was measured with';
  const fix = `npm run bench -- ${context.id}`;
  reportOnPage(context, 'bench-stale', { line: 1, column: 1, message, fix });
}

/** The edit that brings a block up to date; none when it is, or when its facts are unknown. */
export function buildBlock(
  context: PageContext,
  text: string,
  { block, contents }: { block: GeneratedBlock; contents: Contents },
): Edit[] {
  const content = contents.known[block.name];
  if (content === undefined) {
    // A missing proof and a bench that cannot be read are reported where they are read.
    if (block.name === 'bench' && !contents.hasBench) reportNoBench(context, block);
    return [];
  }
  const lines = ['', ...content.lines, ''];
  const edit = { start: block.start, end: block.end, text: joinLines(lines, text, block.start) };
  if (!changes(text, edit)) return [];
  reportDrift(context, {
    line: block.line + 1 + countCommonLines(text, edit),
    name: content.from,
  });
  return [edit];
}

function reportNoBench(context: PageContext, { line }: GeneratedBlock): void {
  const message = 'the page shows a bench and the example has no bench.json';
  const fix = `npm run bench -- ${context.id}`;
  reportOnPage(context, 'bench-missing', { line, column: 1, message, fix });
}

/** Reports each block that there are facts for and no markers. */
export function checkMissingBlocks(
  context: PageContext,
  { contents, generated }: { contents: Contents; generated: GeneratedScan },
): void {
  // An unclosed fence has swallowed what follows it; that it is unclosed was reported.
  if (context.page.fences.some(({ closed }) => !closed)) return;
  for (const name of Object.keys(contents.known) as GeneratedName[]) {
    const empty = contents.known[name]?.lines.length === 0;
    const there = generated.blocks.some((block) => block.name === name);
    if (!empty && !there && !generated.faulty.has(name)) reportMissing(context, name);
  }
}

function reportMissing(context: PageContext, name: GeneratedName): void {
  const title = SECTIONS[name];
  const line = context.page.headings.find(({ text }) => text === title)?.line ?? 1;
  const message = `the page has no generated block for its ${name}`;
  const markers = `\`<!-- generated:${name} -->\` and \`<!-- /generated:${name} -->\``;
  const fix = `write ${markers} under "${title}", then npm run sync -- ${context.id}`;
  reportOnPage(context, 'generated-missing', { line, column: 1, message, fix });
}
