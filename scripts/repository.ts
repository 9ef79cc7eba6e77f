import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './command.ts';
import { nearest } from './nearest.ts';

/** The repository's root folder. */
export const ROOT = join(import.meta.dirname, '..');

/** The ids of all patterns, sorted: every folder `examples/<area>/<slug>` and every page, joined. */
export function listPatterns(root: string): string[] {
  const pages = listTwoDeep(join(root, 'patterns')).filter((path) => path.endsWith('.md'));
  const examples = listTwoDeep(join(root, 'examples')).filter(
    (path) => !path.startsWith('kit/') && existsSync(join(root, 'examples', path, 'package.json')),
  );
  return [...new Set([...pages.map((path) => path.slice(0, -'.md'.length)), ...examples])].sort();
}

/** Read folder by folder: a glob takes three times as long over a thousand patterns. */
function listTwoDeep(folder: string): string[] {
  return listNames(folder).flatMap((area) =>
    listNames(join(folder, area)).map((name) => `${area}/${name}`),
  );
}

/** What a folder holds but for dot-files and packages; nothing where there is no folder. */
function listNames(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.') && name !== 'node_modules');
  } catch {
    return [];
  }
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
