import { ProjectError } from './project-error.ts';

/** The line before the block. The version tells people which one they have; nothing reads it. */
export const startMarker = (version: string): string => `<!-- touchstone:start v=${version} -->`;

/** The line after the block. */
export const endMarker = '<!-- touchstone:end -->';

/** From the first character of the start marker to behind the last of the end marker. */
export type BlockRange = { start: number; end: number; eol: string };

const MARKER = /^[ \t]*<!--\s*touchstone:(start|end)\b[^\n>]*-->[ \t]*(\r?\n|$)/gm;

/** Where the block stands in a text, or undefined; markers that do not pair throw. */
export function findBlock(text: string): BlockRange | undefined {
  const markers = [...text.matchAll(MARKER)].map((match) => ({
    kind: match[1],
    index: match.index,
    end: match.index + match[0].trimEnd().length,
    eol: match[2],
  }));
  if (markers.length === 0) return undefined;
  const [start, end] = markers;
  if (markers.length !== 2 || start?.kind !== 'start' || end?.kind !== 'end')
    throw new ProjectError(describe(text, markers));
  return { start: start.index, end: end.end, eol: start.eol === '\r\n' ? '\r\n' : '\n' };
}

function describe(text: string, markers: { kind: string | undefined; index: number }[]): string {
  const found = markers.map(({ kind, index }) => `${kind} in line ${lineOf(text, index)}`);
  return `the touchstone markers do not pair (${found.join(', ')}): leave one <!-- touchstone:start --> with one <!-- touchstone:end --> after it, or none, and run this again`;
}

const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length;
