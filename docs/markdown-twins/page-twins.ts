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
          const twin = path.replace(/(^|[\\/])index\.html$/, (_, slash) =>
            slash ? '.md' : 'index.md',
          );
          if (existsSync(join(folder, twin))) continue;
          const html = readFileSync(join(folder, path), 'utf8');
          if (!html.includes('<link rel="alternate" type="text/markdown"')) continue;
          writeFileSync(join(folder, twin), writeTwinOfHtml(html));
        }
      },
    },
  };
}
