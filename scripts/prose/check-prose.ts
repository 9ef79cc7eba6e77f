import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../engine/findings.ts';
import { readMarkdown } from '../engine/markdown.ts';
import type { PageResult } from '../engine/page.ts';
import { examplePath } from '../pattern/ids.ts';
import { findWordings, hasWording } from './find-wordings.ts';
import { proseOfCode, proseOfMarkdown } from './prose-of.ts';

/** What people read besides the patterns: guides and notes, and the messages and labels in code. */
const TEXTS = [
  '*.{md,mjs}',
  'agents/README.md',
  'docs/content/**/*.{md,mdx}',
  '{agents,docs,examples/kit,scripts}/**/*.{ts,mjs,astro}',
];

/** Packages, fixtures, lists of words, and what is generated from one of the texts. */
const LEFT_OUT = [
  '**/{node_modules,dist,fixtures}/**',
  'agents/library/search-words.ts',
  'scripts/prose/**',
  'CLAUDE.md',
];

type Page = { file: string; text: string; built: Pick<PageResult, 'page' | 'blocks'> };

/** Finds the wordings to replace in a pattern page; its generated parts come from elsewhere. */
export function checkPageProse({ file, text, built }: Page): Finding[] {
  return toFindings(file, proseOfMarkdown(text, built.page.tree, built.blocks));
}

/** Finds the wordings to replace in the messages, labels and test names of an example. */
export function checkSourceProse(id: string, sources: ReadonlyMap<string, string>): Finding[] {
  return [...sources]
    .filter(([path]) => path.endsWith('.ts'))
    .flatMap(([path, text]) => toFindings(examplePath(id, path), proseOf(path, text)));
}

/** Finds the wordings to replace in all texts of a repository that are not those of a pattern. */
export function checkTexts(root: string): Finding[] {
  return globSync(TEXTS, { cwd: root, exclude: LEFT_OUT }).flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return toFindings(file, proseOf(file, text));
  });
}

/**
 * A component is searched as a whole: most of it is labels, and its code has none of the wordings.
 * Most files have none anywhere, which is seen sooner than where their strings are.
 */
function proseOf(file: string, text: string): string {
  if (/\.mdx?$/.test(file)) return proseOfMarkdown(text, readMarkdown(text));
  if (file.endsWith('.astro') || !hasWording(text)) return text;
  return proseOfCode(text);
}

const toFindings = (file: string, prose: string): Finding[] =>
  findWordings(prose).map(({ words, instead, line, column }) => {
    const message = `"${words}" slows readers down`;
    return { code: 'wording', file, line, column, message, fix: `write instead: ${instead}` };
  });
