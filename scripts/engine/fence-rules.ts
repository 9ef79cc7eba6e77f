import { countEdits } from '../text/find-nearest.ts';
import { shorten } from '../text/hints.ts';
import { type PageContext, reportOnPage } from './context.ts';
import type { Fence } from './fences.ts';
import type { InfoWord } from './info.ts';

/** Languages whose text no example holds as source. All others are code, and code names its source. */
const FREE = new Set(['mermaid', 'http', 'json', 'text']);

/** What the site's code blocks understand besides `source` and `output`. */
const SITE_WORDS = new Set(
  'title frame mark ins del collapse wrap showLineNumbers startLineNumber hangingIndent'.split(' '),
);

/** Where a body comes from. */
const ORIGINS = ['source', 'output'] as const;
/** `versus` names what else on the page the fence is to be compared with. */
const OWN_WORDS = [...ORIGINS, 'versus'] as const;
const ALIASES = new Map<string, (typeof OWN_WORDS)[number]>([
  ['src', 'source'],
  ['file', 'source'],
  ['region', 'source'],
  ['stdout', 'output'],
  ['out', 'output'],
  ['vs', 'versus'],
]);

/** What a fence takes its body from. */
export type FenceUse = { kind: (typeof ORIGINS)[number]; word: InfoWord };

/** Checks the attributes of a fence; the word that names where its body comes from, if there is one. */
export function readInfo(context: PageContext, fence: Fence): FenceUse | undefined {
  checkClosed(context, fence);
  const slips = fence.info.words.map((word) => describeSlip(fence, word));
  for (const [index, slip] of slips.entries()) {
    const word = fence.info.words[index];
    if (slip !== undefined && word !== undefined) reportSlip(context, fence, { word, ...slip });
  }
  const uses = ORIGINS.flatMap((kind) =>
    fence.info.words.filter((word) => word.key === kind).map((word) => ({ kind, word })),
  );
  const [use, second] = uses;
  if (second !== undefined) {
    const message = 'a fence names one source or one output';
    reportSlip(context, fence, { word: second.word, message, fix: 'remove one of the two' });
    return undefined;
  }
  if (slips.some((slip) => slip !== undefined)) return undefined;
  if (use === undefined) reportNoUse(context, fence);
  return fence.closed ? use : undefined;
}

function checkClosed(context: PageContext, fence: Fence): void {
  if (fence.closed) return;
  const { line, column, marker } = fence;
  const message = 'this fence is never closed';
  const fix = `write ${marker} below its last line, indented as it is`;
  reportOnPage(context, 'fence-unclosed', { line, column, message, fix });
}

type Slip = { message: string; fix: string; hint?: string };

function describeSlip({ info }: Fence, { key, value, quoted, start }: InfoWord): Slip | undefined {
  const own = OWN_WORDS.find((candidate) => candidate === key);
  if (own !== undefined) {
    if (quoted && value !== '') return undefined;
    const message = `\`${shorten(info.text.slice(start).trim())}\` has no value in double quotes`;
    return { message, fix: `write ${own}="${value?.replaceAll(/['"]/g, '') || '…'}"` };
  }
  const meant = SITE_WORDS.has(key) ? undefined : (ALIASES.get(key) ?? guessWord(key));
  if (meant === undefined) return undefined;
  const message = `a fence has no attribute \`${shorten(key)}\``;
  const fix = `write ${meant}="${value?.replaceAll(/['"]/g, '') || '…'}"`;
  return { message, hint: `did you mean ${meant}?`, fix };
}

function guessWord(key: string): (typeof OWN_WORDS)[number] | undefined {
  // `source:"x"` and `source` alone begin with the word; the rest is a slip of a key or two.
  const word = key.slice(0, 12).toLowerCase();
  const [head = ''] = word.split(/[^a-z]/, 1);
  return OWN_WORDS.find((own) => countEdits(head, own) <= 2);
}

function reportSlip(context: PageContext, fence: Fence, slip: Slip & { word: InfoWord }): void {
  const { word, ...words } = slip;
  reportOnPage(context, 'meta-unknown', {
    line: fence.line,
    column: columnOf(fence, word),
    ...words,
  });
}

/** The column of an attribute of a fence. */
export function columnOf({ column, marker }: Fence, { start }: InfoWord): number {
  return column + marker.length + start;
}

function reportNoUse(context: PageContext, { line, column, info }: Fence): void {
  if (FREE.has(info.lang)) return;
  if (info.lang === 'console') {
    const message = 'console text without the output it comes from';
    const fix = 'name it: ```console output="demo"';
    reportOnPage(context, 'fence-without-output', { line, column, message, fix });
    return;
  }
  const message =
    info.lang === ''
      ? 'a fence without a language'
      : `${shorten(info.lang)} code that names no source`;
  const lang = info.lang === '' ? 'ts' : shorten(info.lang);
  const fix = `name where it comes from: \`\`\`${lang} source="file.ts#region"; or make it text`;
  reportOnPage(context, 'fence-without-source', { line, column, message, fix });
}
