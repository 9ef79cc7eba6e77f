import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHtml } from 'hast-util-from-html';

/** The syntax tree of a built page. */
export type HtmlTree = ReturnType<typeof fromHtml>;

/** A built page: its file, `proof/index.html`, and its tree. */
export type BuiltPage = { file: string; tree: HtmlTree };

/** Parses the built pages of a folder one by one: the tree of one is large, and of all far larger. */
export function* readBuiltPages(folder: string): Generator<BuiltPage> {
  for (const path of globSync('**/*.html', { cwd: folder })) {
    const html = readFileSync(join(folder, path), 'utf8');
    yield { file: path.replaceAll('\\', '/'), tree: fromHtml(html) };
  }
}
