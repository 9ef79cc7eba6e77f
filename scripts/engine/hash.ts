import { createHash } from 'node:crypto';

/**
 * The sha256 of an example's sources, in hex: over `path NUL content NUL` of each, sorted by path,
 * with every line ending a line feed, so that a checkout on any system has the same hash.
 */
export function hashSources(sources: Iterable<readonly [path: string, text: string]>): string {
  const hash = createHash('sha256');
  const sorted = [...sources].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [path, text] of sorted) hash.update(`${path}\0${toLineFeeds(text)}\0`);
  return hash.digest('hex');
}

const toLineFeeds = (text: string): string =>
  text.includes('\r') ? text.replaceAll('\r\n', '\n') : text;
