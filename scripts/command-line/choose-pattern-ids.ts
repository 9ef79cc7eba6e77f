import { listPatternIds } from '../pattern/list-pattern-ids.ts';
import { findNearest } from '../text/find-nearest.ts';
import { UsageError } from './usage-error.ts';

/** The ids that a command was given, or all; an unknown one throws, naming the nearest. */
export function choosePatternIds(root: string, words: string[]): string[] {
  const known = listPatternIds(root);
  for (const word of words) {
    if (!known.includes(word)) throw new UsageError(describeUnknown(word, known));
  }
  return words.length > 0 ? words : known;
}

function describeUnknown(word: string, known: string[]): string {
  const near = findNearest(word, known, 3);
  const hint =
    near.length > 0 ? `did you mean ${near.join(', ')}?` : 'npm run example lists them all';
  return `there is no pattern "${word}": ${hint}`;
}
