import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AstroIntegration } from 'astro';
import { writeTwinOfHtml } from './twin-of-html.ts';

/** Writes the twin of each built page that announces one and has none: what a component drew has no Markdown of its own. */
export function pageTwins(): AstroIntegration {
  return {
    name: 'page-twins',
    hooks: {
      'astro:build:done': ({ dir }) => {
        const folder = fileURLToPath(dir);
        for (const path of globSync('**/index.html', { cwd: folder })) {
          const html = readFileSync(join(folder, path), 'utf8');
          const twin = /<link rel="alternate" type="text\/markdown" href="([^"]+)"/.exec(html)?.[1];
          if (!twin || existsSync(join(folder, twin))) continue;
          writeFileSync(join(folder, twin), writeTwinOfHtml(html));
        }
      },
    },
  };
}
