import { examplePath } from '../pattern/ids.ts';
import { hintAt, shorten } from '../text/hints.ts';
import { type PageContext, reportOnPage } from './context.ts';
import { type Cut, cutFile, cutRegion } from './cut.ts';
import { columnOf } from './fence-rules.ts';
import type { Fence } from './fences.ts';
import type { FindingCode } from './findings.ts';
import { type InfoWord, writeHighlights } from './info.ts';
import type { SourceScan } from './regions.ts';

/** What a fence should be: its info string and its body. */
export type BuiltFence = {
  /** What it comes from, in words. */
  name: string;
  info: string;
  lines: string[];
  /** The source line of each line, where there is one. */
  numbers?: number[];
  scan?: SourceScan;
};

/** The body of a fence that names a source; undefined when a fault, which is reported, forbids it. */
export function buildSnippet(
  context: PageContext,
  fence: Fence,
  word: InfoWord,
): BuiltFence | undefined {
  const value = word.value ?? '';
  const hash = value.lastIndexOf('#');
  const [path, name] = hash === -1 ? [value] : [value.slice(0, hash), value.slice(hash + 1)];
  const scan = findSource(context, fence, { word, path });
  if (scan === undefined) return undefined;
  const cut = name === undefined ? cutFile(scan) : findCut(context, fence, { word, scan, name });
  if (cut === undefined || !fits(context, fence, cut.lines)) return undefined;
  const { lines, numbers, highlights } = cut;
  const region = name === undefined ? {} : { region: name };
  const shown = { line: fence.line, file: path, ...region, lines: numbers };
  context.snippets.push({ fence, scan, shown, lines });
  const info = writeHighlights(fence.info.text, highlights);
  return { name: value, info, lines, numbers, scan };
}

type Named = { word: InfoWord; path: string };

function findSource(
  context: PageContext,
  fence: Fence,
  { word, path }: Named,
): SourceScan | undefined {
  const fault = describePath(path);
  if (fault !== undefined) {
    const message = `the source ${shorten(path).replaceAll('\0', '\\0')} ${fault}`;
    const fix = `name a file of ${examplePath(context.id)}, by its path in there`;
    return reportAt(context, fence, { code: 'source-path', word, message, fix });
  }
  const scan = context.scans.get(path);
  if (scan !== undefined) return scan;
  const message = `${examplePath(context.id)} has no source ${shorten(path)}`;
  const fix = 'name a file that is there, or write it';
  const hint = hintAt(path, context.scans.keys());
  return reportAt(context, fence, { code: 'source-missing', word, message, fix, ...hint });
}

/** Sources come from the page's own example; what the path could reach otherwise is refused unread. */
function describePath(path: string): string | undefined {
  if (path.includes('\0')) return 'holds a null byte';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'is absolute';
  if (path.includes('\\')) return 'holds a back slash';
  return path.split('/').includes('..') ? 'points outside the example' : undefined;
}

type NamedRegion = { word: InfoWord; scan: SourceScan; name: string };

function findCut(
  context: PageContext,
  fence: Fence,
  { word, scan, name }: NamedRegion,
): Cut | undefined {
  const region = scan.regions.get(name);
  if (region !== undefined) return cutRegion(scan, region);
  const near = hintAt(name, scan.regions.keys());
  const [nearest] = [...scan.regions.values()].filter(
    ({ name }) => near.hint === `did you mean ${name}?`,
  );
  const source = nearest?.place ?? { file: scan.file, line: 1, column: 1 };
  const what = name === '' ? 'region without a name' : `region ${shorten(name)}`;
  const message = `${scan.file} has no ${what}`;
  const fix = 'name a region that is there, or mark it in the source';
  return reportAt(context, fence, { code: 'region-missing', word, message, fix, source, ...near });
}

/** The body of a fence that names an output of the proof. */
export function buildOutput(
  context: PageContext,
  fence: Fence,
  word: InfoWord,
): BuiltFence | undefined {
  const { proof } = context;
  // Without a proof there is no output to compare with; that it is missing was reported.
  if (proof === undefined) return undefined;
  const name = word.value ?? '';
  const output = Object.hasOwn(proof.outputs, name) ? proof.outputs[name] : undefined;
  if (output === undefined) {
    const message = `the proof has no output ${shorten(name)}`;
    const fix = `name an output that is there, or npm run prove -- ${context.id}`;
    const hint = hintAt(name, Object.keys(proof.outputs));
    return reportAt(context, fence, { code: 'output-missing', word, message, fix, ...hint });
  }
  const lines = output.replaceAll('\r', '').replace(/\n$/, '').split('\n');
  if (!fits(context, fence, lines)) return undefined;
  const info = writeHighlights(fence.info.text, []);
  return { name: `the output ${name}`, info, lines: output === '' ? [] : lines };
}

type At = { code: FindingCode; word: InfoWord; message: string; fix: string; hint?: string };

function reportAt(
  context: PageContext,
  fence: Fence,
  { code, word, ...words }: At & { source?: { file: string; line: number; column: number } },
): undefined {
  reportOnPage(context, code, { line: fence.line, column: columnOf(fence, word), ...words });
}

/** Whether the fence is longer than any fence among the lines; a shorter one would end in their midst. */
function fits(context: PageContext, fence: Fence, lines: string[]): boolean {
  const { line, column, marker } = fence;
  if (!lines.some((text) => closesFence(text, marker))) return true;
  const message = 'a line of the text would close this fence';
  const fix = `open and close the fence with ${marker}${marker[0]} or more`;
  reportOnPage(context, 'fence-too-short', { line, column, message, fix });
  return false;
}

function closesFence(line: string, marker: string): boolean {
  const text = line.trim();
  if (!text.startsWith(marker)) return false;
  for (const character of text) if (character !== marker[0]) return false;
  return true;
}
