import { createHash } from 'node:crypto';

/** The sha256 of a text, in hex, with every line ending a line feed: the same in a checkout on any system. */
export function hashText(text: string): string {
  return createHash('sha256').update(toLineFeeds(text)).digest('hex');
}

/** The sha256 of named parts, in hex; the order in which they come changes nothing. */
export function hashParts(parts: Iterable<readonly [name: string, content: string]>): string {
  const lines = [...parts].map(([name, content]) => `${name}\0${content}\0`);
  return createHash('sha256').update(lines.sort().join('')).digest('hex');
}

const toLineFeeds = (text: string): string =>
  text.includes('\r') ? text.replaceAll('\r\n', '\n') : text;
