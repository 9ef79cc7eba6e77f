import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AstroIntegration } from 'astro';

/** Replaces the file that the search box loads, and imports it in turn. */
const ENTRY = `
import * as engine from './pagefind-engine.js';
export * from './pagefind-engine.js';
export const options = (given) =>
  engine.options({ basePath: new URL('.', import.meta.url).href, ...given });
export const search = searchPartialMatches(engine.search);
`;

/** Lets the search box find pages by some of the words, where no page holds all of them. */
export function partialMatchSearch(): AstroIntegration {
  return {
    name: 'partial-match-search',
    hooks: {
      'astro:build:done': ({ dir }) => {
        const folder = join(fileURLToPath(dir), 'pagefind');
        renameSync(join(folder, 'pagefind.js'), join(folder, 'pagefind-engine.js'));
        // The path, not the URL of this module: in the build that is the URL of a bundle.
        const source = readFileSync(join(import.meta.dirname, 'search-partial-matches.ts'), 'utf8');
        writeFileSync(join(folder, 'pagefind.js'), stripTypeScriptTypes(source) + ENTRY);
      },
    },
  };
}
