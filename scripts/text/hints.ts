import { findNearest } from './find-nearest.ts';

/** "did you mean x?" for a name that does not exist, or nothing when no candidate is like it. */
export function hintAt(name: string, candidates: Iterable<string>): { hint?: string } {
  // A name that long is not a typing slip, and the comparison costs its square.
  if (name.length > 200) return {};
  const [best] = findNearest(name, candidates);
  return best === undefined ? {} : { hint: `did you mean ${best}?` };
}

/** The text cut to what fits into a message, on one line. */
export function shorten(text: string): string {
  const line = text.replaceAll('\r', '').replaceAll('\n', ' ');
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}
