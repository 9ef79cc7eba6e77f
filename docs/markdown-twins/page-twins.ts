import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { select } from '@astrojs/starlight/expressive-code/hast';
import type { BuiltPage } from '../built-pages/read-built-pages.ts';
import { writeTwinOfHtml } from './twin-of-html.ts';

/** Writes the twin of a built page that announces one and has none: a page that a component draws has no Markdown of its own. */
export function writePageTwin(folder: string, { file, tree }: BuiltPage): void {
  const twin = file.replace(/(^|\/)index\.html$/, (_, slash) => (slash ? '.md' : 'index.md'));
  if (twin === file || existsSync(join(folder, twin))) return;
  if (!select('link[rel=alternate][type="text/markdown"]', tree)) return;
  writeFileSync(join(folder, twin), writeTwinOfHtml(tree));
}
