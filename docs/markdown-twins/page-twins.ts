import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHtml } from 'hast-util-from-html';
import type { BuiltPage } from '../built-pages/read-built-pages.ts';
import { writeTwinOfHtml } from './twin-of-html.ts';

/** Writes the twin of a built page that announces one and has none: a page that a component draws has no Markdown of its own. */
export function writePageTwin(folder: string, { file, html }: BuiltPage): void {
  const twin = file.replace(/(^|\/)index\.html$/, (_, slash) => (slash ? '.md' : 'index.md'));
  if (twin === file || existsSync(join(folder, twin))) return;
  if (!html.includes(' type="text/markdown"')) return;
  writeFileSync(join(folder, twin), writeTwinOfHtml(fromHtml(html)));
}
