import { countEdits } from '../text/find-nearest.ts';
import { shorten } from '../text/hints.ts';
import { COMMENT_STYLES, type CommentStyle, writeComment } from './comments.ts';

/** A comment that means something to the engine. */
export type Marker = {
  kind: 'region' | 'endregion' | 'highlight';
  /** The region's name; empty for a highlight, and for a region whose marker has none. */
  name: string;
  style: CommentStyle;
  /** The column, counted from 1, where the comment opens. */
  column: number;
  /** Set when the marker is only almost one: what stands there, and what should. */
  slip?: { seen: string; fix: string };
};

type Comment = { line: string; start: number; style: CommentStyle; own: boolean };

const EXACT = /^ #(region|endregion) ([a-z][a-z0-9]*(?:-[a-z0-9]+)*)$/;
const LOOSE = /^(#?)[ \t]*([A-Za-z_-]+)[ \t]*(.*)$/;
const END_IN_TWO_WORDS = /^region\b[ \t]*(.*)$/i;
const RUN_TOGETHER = /^(region|end-?region)[-_]?([a-z].+)$/i;
/** Longer comments are prose; the bound also keeps a line of megabytes cheap. */
const LONGEST_MARKER = 200;

/**
 * The marker on a line, if there is one. Lines are all that counts: a marker inside a string or a
 * template literal is a marker too. A near miss is taken for what it means and carries its slip.
 */
export function readMarker(line: string, styles: CommentStyle[]): Marker | undefined {
  const comment = findOwnComment(line, styles) ?? findTrailingComment(line, styles);
  if (comment === undefined) return undefined;
  const { start, style, own } = comment;
  let body = line.slice(start + style.open.length, start + LONGEST_MARKER + 1).trimEnd();
  if (body.length + style.open.length > LONGEST_MARKER) return undefined;
  const closed = body.endsWith(style.close);
  if (closed) body = body.slice(0, body.length - style.close.length).trimEnd();
  if (closed && styles.includes(style)) {
    const marker = readExactMarker(body, comment);
    if (marker !== undefined) return marker;
  }
  const near = readNearMarker(body, own);
  return near && { ...near, style, column: start + 1, slip: describeSlip(near, comment, styles) };
}

/** The comment that a line consists of. */
function findOwnComment(line: string, styles: CommentStyle[]): Comment | undefined {
  const start = skipSpace(line, 0);
  const style = COMMENT_STYLES.find((candidate) => line.startsWith(candidate.open, start));
  if (style === undefined) return undefined;
  // In Markdown `#` opens a heading, in CSS an id: only beside line comments is it a slip.
  if (style.open === '#' && styles[0]?.close !== '') return undefined;
  return { line, start, style, own: true };
}

/** The comment after code whose text begins with the last `#` of the line. */
function findTrailingComment(line: string, styles: CommentStyle[]): Comment | undefined {
  const hash = line.lastIndexOf('#');
  if (hash <= 0) return undefined;
  const end = skipSpaceBack(line, hash);
  const style = styles.find((candidate) => line.endsWith(candidate.open, end));
  if (style !== undefined) return { line, start: end - style.open.length, style, own: false };
  const alone = styles.find((candidate) => candidate.open === '#');
  return alone && end < hash ? { line, start: hash, style: alone, own: false } : undefined;
}

function readExactMarker(body: string, { line, start, style, own }: Comment): Marker | undefined {
  if (!own) {
    if (body !== ' #highlight' || skipSpaceBack(line, start) === start) return undefined;
    return { kind: 'highlight', name: '', style, column: start + 1 };
  }
  const [, kind, name = ''] = EXACT.exec(body) ?? [];
  if (kind === undefined) return undefined;
  return { kind: kind === 'region' ? kind : 'endregion', name, style, column: start + 1 };
}

function readNearMarker(body: string, own: boolean): Pick<Marker, 'kind' | 'name'> | undefined {
  let [, hash = '', word = '', rest = ''] = LOOSE.exec(body.trim()) ?? [];
  const [, afterEnd] = (word.toLowerCase() === 'end' && END_IN_TWO_WORDS.exec(rest)) || [];
  if (afterEnd !== undefined) [word, rest] = ['endregion', afterEnd];
  const [, run, glued] = (hash !== '' && RUN_TOGETHER.exec(word)) || [];
  if (run !== undefined) [word, rest] = [run, `${glued} ${rest}`];
  const kind = guessKind(word.toLowerCase().replaceAll(/[-_]/g, ''), hash !== '');
  if (kind === undefined) return undefined;
  if (hash === '' && !isPlainMarker({ kind, rest, own })) return undefined;
  return { kind, name: kind === 'highlight' ? '' : toKebab(rest) };
}

/** Without its `#` a comment is a marker only if it is nothing else: `// region x`, not a sentence. */
function isPlainMarker({ kind, rest, own }: { kind: string; rest: string; own: boolean }): boolean {
  if (kind === 'highlight') return !own && rest === '';
  return own && /^[\w-]*$/.test(rest) && (rest !== '' || kind === 'endregion');
}

function guessKind(word: string, hashed: boolean): Marker['kind'] | undefined {
  if (word === 'region' || word === 'endregion' || word === 'highlight') return word;
  if (!hashed || word.length < 5 || word.length > 12) return undefined;
  // One edit, or two in the longer words: `#reason` must not be taken for `#region`.
  if (countEdits(word, 'region') <= 1) return 'region';
  if (countEdits(word, 'endregion') <= 2) return 'endregion';
  return countEdits(word, 'highlight') <= 2 ? 'highlight' : undefined;
}

function describeSlip(
  { kind, name }: Pick<Marker, 'kind' | 'name'>,
  { line, start, style, own }: Comment,
  styles: CommentStyle[],
): { seen: string; fix: string } {
  const right = styles.includes(style) ? style : (styles[0] ?? style);
  const text = kind === 'highlight' ? '#highlight' : `#${kind} ${name || '<name>'}`;
  const where = kind === 'highlight' ? ' after the code of the line' : ' on a line of its own';
  const misplaced = own === (kind === 'highlight');
  return {
    seen: shorten(line.slice(start, start + LONGEST_MARKER).trim()),
    fix: `write \`${writeComment(right, text)}\`${misplaced ? where : ''}`,
  };
}

function toKebab(text: string): string {
  const dashed = text.replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
  return dashed
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[-0-9]+/, '')
    .replace(/-$/, '');
}

function skipSpace(line: string, from: number): number {
  let at = from;
  while (line[at] === ' ' || line[at] === '\t') at++;
  return at;
}

function skipSpaceBack(line: string, from: number): number {
  let at = from;
  while (line[at - 1] === ' ' || line[at - 1] === '\t') at--;
  return at;
}
