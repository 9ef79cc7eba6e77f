import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../engine/findings.ts';

type Tree = { folder: string; fix: string };

const PAGES: Tree = { folder: 'patterns', fix: 'pages are patterns/<area>/<slug>.md' };
const EXAMPLES: Tree = {
  folder: 'examples',
  fix: 'examples are folders examples/<area>/<slug>, with a package.json',
};

/** Finds what is among the pages and the examples and belongs to no pattern. */
export function findStrayFiles(root: string, ids: string[]): Finding[] {
  const known = new Set(ids);
  const pages = list(root, PAGES).map(({ path, entry }) =>
    entry.isDirectory() || !known.has(path.replace(/\.md$/, '')) || !path.endsWith('.md')
      ? path
      : '',
  );
  const examples = list(root, EXAMPLES).map(({ path, entry }) =>
    entry.isFile() || !known.has(path) ? path : '',
  );
  return [...describe(PAGES, pages), ...describe(EXAMPLES, examples)];
}

/** What is two folders deep, and the files above it; the kit is not an area. */
function list(root: string, { folder }: Tree): { path: string; entry: Dirent }[] {
  return listFolder(join(root, folder)).flatMap((area) => {
    if (!area.isDirectory()) return [{ path: area.name, entry: area }];
    if (folder === 'examples' && area.name === 'kit') return [];
    const entries = listFolder(join(root, folder, area.name));
    return entries.map((entry) => ({ path: `${area.name}/${entry.name}`, entry }));
  });
}

function listFolder(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

function describe({ folder, fix }: Tree, paths: string[]): Finding[] {
  return paths
    .filter((path) => path !== '')
    .map((path) => {
      const message = 'this belongs to no pattern';
      return { code: 'file-stray', file: `${folder}/${path}`, line: 1, column: 1, message, fix };
    });
}
