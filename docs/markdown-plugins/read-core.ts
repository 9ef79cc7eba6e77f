import { readFileSync } from 'node:fs';
import { findFrontmatter } from '../../scripts/engine/frontmatter.ts';

/** The first lines of the snippet that is the core of a page, and how many it has in all. */
export type Core = { source: string; lang: string; lines: string[]; length: number };

const MOST_LINES = 14;

const SNIPPET = /^```(\w+) [^\n]*?source="([^"]+)"([^\n]*)\n([\s\S]*?)^```/gm;

/** Reads the core of a page from its file. */
export const readCore = (path: string): Core | undefined => findCore(readFileSync(path, 'utf8'));

/** The snippet that the naive way is compared with; on a page without one, the first under "The code" that readers copy, or else the first. */
export function findCore(page: string): Core | undefined {
  const [, code = ''] = page.split(/^## The code$/m);
  const snippets = [...code.matchAll(SNIPPET)];
  const files = readFiles(page);
  const core =
    snippets.find(([, , , meta]) => meta?.includes('versus=')) ??
    snippets.find(([, , source = '']) => files.includes(source.replace(/#.*/, ''))) ??
    snippets[0];
  if (!core) return undefined;
  const [, lang = '', source = '', , text = ''] = core;
  const lines = text.trimEnd().split('\n');
  return { source, lang, lines: cut(lines), length: lines.length };
}

/** A short snippet is shown whole; a cut never ends with a blank line or a comment. */
function cut(lines: string[]): string[] {
  if (lines.length <= MOST_LINES + 2) return lines;
  const last = lines
    .slice(0, MOST_LINES)
    .findLastIndex((line) => !/^\s*(\/\/|--|#|\*|$)/.test(line));
  return lines.slice(0, last + 1);
}

/** The files that readers copy, as the frontmatter lists them. */
function readFiles(page: string): string[] {
  const range = findFrontmatter(page);
  const fields = range ? page.slice(range.start, range.end) : '';
  return /^files: \[(.*)\]$/m.exec(fields)?.[1]?.split(', ') ?? [];
}
