import { findBlock } from './block-markers.ts';

/**
 * The text with the block in it: where one stood, else at the end. A line end goes before it and
 * one after it, in the manner of the text, so that `removeBlock` finds both again.
 */
export function insertBlock(text: string, block: string): string {
  const range = findBlock(text);
  const eol = range?.eol ?? findEol(text);
  const body = block.trimEnd().replaceAll(/\r?\n/g, eol);
  if (range !== undefined) return text.slice(0, range.start) + body + text.slice(range.end);
  return `${text}${text === '' ? '' : eol}${body}${eol}`;
}

/** The text as it was before `insertBlock`, byte for byte; what has no block stays as it is. */
export function removeBlock(text: string): string {
  const range = findBlock(text);
  if (range === undefined) return text;
  const before = text.slice(0, range.start);
  const after = text.slice(range.end);
  return cutEnd(before, range.eol) + cutStart(after, range.eol);
}

/** That of the first line. */
const findEol = (text: string): string => /\r?\n/.exec(text)?.[0] ?? '\n';

const cutEnd = (text: string, tail: string): string =>
  text.endsWith(tail) ? text.slice(0, -tail.length) : text;

const cutStart = (text: string, head: string): string =>
  text.startsWith(head) ? text.slice(head.length) : text;
