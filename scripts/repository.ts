import { globSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './command.ts';
import { nearest } from './nearest.ts';

/** The repository's root folder. */
export const ROOT = join(import.meta.dirname, '..');

/** The ids of all patterns, sorted: every folder `examples/<area>/<slug>` and every page, joined. */
export function listPatterns(root: string): string[] {
  const pages = globSync('*/*.md', { cwd: join(root, 'patterns') }).map((path) =>
    path.slice(0, -3),
  );
  const examples = globSync('*/*/package.json', { cwd: join(root, 'examples') }).map((path) =>
    path.slice(0, -'/package.json'.length),
  );
  return [...new Set([...pages, ...examples].map((path) => path.replaceAll('\\', '/')))]
    .filter((id) => !id.includes('node_modules'))
    .sort();
}

/** The ids a command was asked for, or all; an unknown one throws, naming the nearest. */
export function resolveIds(root: string, words: string[]): string[] {
  const known = listPatterns(root);
  for (const word of words) {
    if (!known.includes(word)) throw new UsageError(describeUnknown(word, known));
  }
  return words.length > 0 ? words : known;
}

function describeUnknown(word: string, known: string[]): string {
  const near = nearest(word, known, 3);
  const hint =
    near.length > 0 ? `did you mean ${near.join(', ')}?` : 'npm run example lists them all';
  return `there is no pattern "${word}": ${hint}`;
}
